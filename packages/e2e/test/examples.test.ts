/** The programs that the documentation shows do what it says of them. */
import assert from 'node:assert/strict'
import { type ExecFileException, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { SessionManager } from '@holdfast/session-manager'
import { whyNoTmux } from '@holdfast/session-manager/why-no-tmux'
import { type Stack, startStack, until } from './support/stack.ts'

const skip = whyNoTmux(process.env.CI === 'true')
const dir = mkdtempSync(join(tmpdir(), 'hfx-'))
/** That of the examples: the default name, in a directory of the test's own. */
const socket = join(dir, `tmux-${process.getuid?.()}`, 'holdfast')
let stack: Stack

before(async () => {
  stack = await startStack('process')
})
after(async () => {
  await stack.destroy()
  if (skip === false) execFileSync('tmux', ['-S', socket, 'start-server', ';', 'kill-server'])
  rmSync(dir, { recursive: true, force: true })
})

const pathOf = (name: string): string => join(import.meta.dirname, '../../session-manager/examples', `${name}.ts`)
const options = () => ({
  cwd: dir,
  env: { ...process.env, TMUX_TMPDIR: dir, HOLDFAST_URL: stack.url, HOLDFAST_KEY: stack.key },
  timeout: 60_000,
})

/** What an example prints, and how it ends. */
const run = (name: string, ...args: string[]): Promise<{ stdout: string; code: number }> =>
  new Promise((done, fail) => {
    execFile(
      process.execPath,
      [pathOf(name), ...args],
      options(),
      (error: ExecFileException | null, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') fail(new Error(`${error.message}\n${stderr}`))
        else done({ stdout, code: Number(error?.code ?? 0) })
      },
    )
  })

test('simple: a command runs on while its program is away, and is found', { skip }, async () => {
  const go = join(dir, 'go')
  // tmux may lose the end of what is written in the moment of the exit.
  const script = `echo "pid $$"; until [ -e ${go} ]; do sleep 0.05; done; echo done; sleep 0.3; exit 3`
  const first = spawn(process.execPath, [pathOf('simple'), 'bash', '-c', script], options())
  const manager = new SessionManager({ mode: 'simple', socket })
  const session = await until('its session', async () => (await manager.list())[0])
  const { text = '' } = await session.wait({ until: 'text', text: /^pid \d+$/ })
  first.kill('SIGKILL')
  await once(first, 'exit')
  writeFileSync(go, '')
  const { stdout, code } = await run('simple', 'bash', '-c', script)
  assert.deepEqual([stdout.trim(), code], [`${text}\ndone`, 3])
  assert.deepEqual(await manager.list(), [])
})

test('distributed: all output comes once, and the exit code', async () => {
  const { stdout, code } = await run('distributed', 'bash', '-c', 'seq 1 20000; exit 7')
  const numbers = Array.from({ length: 20_000 }, (_, n) => `${n + 1}\r\n`)
  assert.deepEqual([stdout, code], [numbers.join(''), 7])
})

test('hybrid: jobs run here as long as there is room', { skip }, async () => {
  // The first takes its room until the last has its place.
  const placed = join(dir, 'placed')
  const first = { one: `until [ -e ${placed} ]; do sleep 0.05; done`, two: ':', three: `touch ${placed}` }
  const jobs = Object.entries(first).map(([word, before]) => `${before}; echo ${word}; sleep 0.3`)
  const { stdout } = await run('hybrid', '1', ...jobs)
  const sides = Array.from(stdout.matchAll(/echo (\w+); sleep 0\.3: (.*), 0\n\1\n/g), ([, word, side]) => [word, side])
  assert.deepEqual(sides, [
    ['one', 'here'],
    ['two', 'in the cluster'],
    ['three', 'in the cluster'],
  ])
})

test('three agents run to their ends, and get answers to what they ask', { skip }, async () => {
  const { stdout } = await run('three-agents', join(import.meta.dirname, 'support/agent.sh'))
  for (const task of ['fix the tests', 'write the docs', 'update the changelog']) {
    assert.match(stdout, new RegExp(`exited with 0\n[\\s\\S]*${task}: done, as you said y`))
  }
})
