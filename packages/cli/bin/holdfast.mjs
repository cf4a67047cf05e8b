#!/usr/bin/env node
/** Starts the command line in Node 24, whatever Node the user has: the `node` package brings one along. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NEEDED = 24

/** As this process: same terminal, same signals, same end. */
const runIn = (node) => {
  const self = fileURLToPath(import.meta.url)
  const child = spawn(node, [self, ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}

const broughtAlong = () => {
  try {
    const path = join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin/node')
    return existsSync(path) ? path : undefined
  } catch {
    return undefined
  }
}

if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
  await import('../src/main.ts')
} else {
  const node = broughtAlong()
  if (node === undefined) {
    process.stderr.write(`holdfast: needs Node ${NEEDED}, this is ${process.versions.node}\n`)
    process.stderr.write('  run `npm start` in the checkout once: it installs one beside the packages\n')
    process.exit(1)
  }
  runIn(node)
}
