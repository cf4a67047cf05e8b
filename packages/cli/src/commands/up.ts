/** `holdfast up`: starts Holdfast on this machine, as `npm start` in its checkout does. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { command } from '../command.ts'
import { ConfigurationError } from '../connection.ts'

/** Of an installed package it is the project that has it. */
const CHECKOUT = fileURLToPath(new URL('../../../..', import.meta.url))

export const upCommand = command(
  {
    name: 'up',
    summary: 'Start Redis, orchestrator, gateway and console on this machine, as `npm start` does; Ctrl-C stops them.',
    usage: '[-- flags of npm start]',
    options: {},
    examples: ['holdfast up', 'holdfast up -- --runtime process --port 9000'],
  },
  async (_values, flags, { io }) => {
    if (!existsSync(join(CHECKOUT, 'packages/cli/src/commands/up.ts')))
      throw new ConfigurationError('`holdfast up` needs a checkout of Holdfast; clone it and run `npm start` in it')
    const child = spawn(process.execPath, [join(CHECKOUT, 'scripts/start.mjs'), ...flags], {
      stdio: 'inherit',
      env: io.env,
    })
    // A terminal sends Ctrl-C to both; it stops its services, and then we end as it did.
    const ignore = (): void => {}
    const pass = (): void => void child.kill('SIGTERM')
    io.signals.on('SIGINT', ignore).on('SIGTERM', pass).on('SIGHUP', pass)
    return new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']))
    })
  },
)
