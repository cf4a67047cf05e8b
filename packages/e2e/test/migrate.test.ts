/** Sessions that move between tmux on this machine and a cluster. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { migrations } from '@holdfast/session-manager/migrations'
import { whyNoTmux } from '@holdfast/session-manager/why-no-tmux'
import { type Stack, startStack } from './support/stack.ts'

const skip = whyNoTmux(process.env.CI === 'true')
const dir = mkdtempSync(join(tmpdir(), 'hfv-'))
const socket = join(dir, 'tmux')
let stack: Stack

before(async () => {
  if (skip === false) stack = await startStack('process')
})
after(async () => {
  if (skip === false) {
    await stack.destroy()
    execFileSync('tmux', ['-S', socket, 'start-server', ';', 'kill-server'])
  }
  rmSync(dir, { recursive: true, force: true })
})

migrations(() => ({ url: stack.url, key: stack.key, socket, stateDir: join(dir, 'state') }), skip)
