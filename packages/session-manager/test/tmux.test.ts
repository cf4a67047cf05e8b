/** The session manager on real tmux: what it promises in every mode, on a server of the test's own. */
import assert from 'node:assert/strict'
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { SessionManager } from '../src/index.ts'
import { isTooOld } from '../src/tmux/version.ts'
import { managerConformance } from './conformance.ts'
import { whyNoTmux } from './why-no-tmux.ts'

const skip = whyNoTmux(process.env.CI === 'true')
const dir = mkdtempSync(join(tmpdir(), 'hf-tmux-'))
const socket = join(dir, 'server')
after(() => {
  if (skip === false) execFileSync('tmux', ['-S', socket, 'start-server', ';', 'kill-server'])
  rmSync(dir, { recursive: true, force: true })
})

managerConformance('simple', { make: () => new SessionManager({ mode: 'simple', socket }), skip })

const manager = new SessionManager({ mode: 'simple', socket })
const lastNumber = (text: string): string | undefined => text.match(/\d+/g)?.at(-1)

test('tmux may lose the end of what a command writes as it exits; the stream then ends with what the screen has', {
  skip,
}, async () => {
  for (let round = 0; round < 10; round++) {
    const session = await manager.create({ command: 'bash', args: ['-c', 'read -r; exec seq 1 5000'] })
    const stream = session.attach()
    let output = ''
    stream.setEncoding('latin1').on('data', (text: string) => {
      output += text
    })
    await session.input('\r')
    await once(stream, 'end')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    const seen = output.replace(/\x1b\[[0-9;?]*[a-zA-Z]/g, '')
    assert.equal(lastNumber(seen), lastNumber(await session.screen('text', 6000)))
    await session.kill()
  }
})

test('a stream takes every byte that is typed, in order', { skip }, async () => {
  const typed = Buffer.from(Array.from({ length: 30_000 }, (_, n) => (n * 7 + (n >> 8)) & 0xff))
  const script = `stty raw -echo; echo ready; head -c ${typed.length} | sha256sum; exec cat`
  const session = await manager.create({ command: 'bash', args: ['-c', script] })
  await session.wait({ until: 'text', text: 'ready' })
  const stream = session.attach()
  // Before there is a client and behind it, single keys and much at once, in turns.
  stream.write(typed.subarray(0, 256))
  await once(stream, 'message')
  for (let at = 256, size = 1; at < typed.length; at += size, size = (size * 3) % 1021)
    stream.write(typed.subarray(at, at + size))
  const text = createHash('sha256').update(typed).digest('hex')
  assert.ok((await session.wait({ until: 'text', text, timeoutMs: 60_000 })).met, await session.screen())
  stream.destroy()
  await session.kill()
})

test('lines of an argument and of a variable stay what they are, indentation and comments included', {
  skip,
}, async () => {
  const lines = 'if:\n    four\n\ttab\n# no comment\nend'
  const args = ['-c', 'printf %s "$1" | sha256sum; printf %s "$LINES_" | sha256sum; exec cat', 'name', lines]
  const session = await manager.create({ command: 'bash', args, env: { LINES_: lines } })
  const hash = createHash('sha256').update(lines).digest('hex')
  const { met } = await session.wait({ until: 'text', text: `^${hash}  -\n${hash}  -$`, timeoutMs: 60_000 })
  assert.ok(met, await session.screen())
  await session.kill()
})

test('a directory is the one that was asked for, whatever its name', { skip }, async () => {
  for (const name of ['a#[b] c', '#{pid}', '##', '#(id)', '%Y', 'e#']) {
    const cwd = join(realpathSync(dir), name)
    mkdirSync(cwd)
    const session = await manager.create({
      command: 'bash',
      args: ['-c', 'pwd; echo behind; exec cat'],
      cwd,
      cols: 200,
    })
    await session.wait({ until: 'text', text: '^behind' })
    assert.equal(await session.screen(), `${cwd}\nbehind\n`)
    await session.kill()
  }
})

test('arguments without a command are those of the shell, as in a cluster', { skip }, async () => {
  const session = await manager.create({ args: ['-c', 'echo given; exec cat'] })
  assert.ok((await session.wait({ until: 'text', text: '^given$', timeoutMs: 60_000 })).met, await session.screen())
  await session.kill()
})

test('a hundred sessions are listed by one call of tmux, and no process of ours stays', { skip }, async () => {
  const labels = { many: 'yes' }
  const made = await Promise.all(
    Array.from({ length: 100 }, (_, n) => manager.create({ command: 'cat', name: `cat ${n}`, labels })),
  )
  const listed = await manager.list({ labels })
  assert.equal(listed.length, 100)
  const clients = execFileSync('tmux', ['-S', socket, 'list-clients'], { encoding: 'utf8' })
  assert.equal(clients, '')
  await Promise.all(made.map((session) => session.kill()))
  assert.deepEqual(await manager.list({ labels }), [])
})

test('a server that dies takes its sessions with it: streams end with a reason, calls say so, and the next create starts one', {
  skip,
}, async () => {
  const own = join(dir, 'dies')
  const doomed = new SessionManager({ mode: 'simple', socket: own })
  const session = await doomed.create({ command: 'cat' })
  const stream = session.attach()
  const failed = once(stream, 'error')
  await session.input('hello\r')
  await once(stream, 'data')
  const pid = execFileSync('tmux', ['-S', own, 'display-message', '-p', '#{pid}'], { encoding: 'utf8' })
  process.kill(Number(pid), 'SIGKILL')
  const [error] = await failed
  assert.equal(error.code, 'SESSION_NOT_FOUND')
  await assert.rejects(session.refresh(), { code: 'SESSION_NOT_FOUND' })
  assert.deepEqual(await doomed.list(), [])
  const next = await doomed.create({ command: 'cat' })
  assert.equal((await doomed.list()).length, 1)
  await next.kill()
})

test('a create that comes while a server goes with its last session gets a session', { skip }, async () => {
  const own = join(dir, 'goes')
  const other = new SessionManager({ mode: 'simple', socket: own })
  const tmux = (...args: string[]) => promisify(execFile)('tmux', ['-S', own, ...args])
  // Without care one in eight of them failed.
  for (let round = 0; round < 50; round++) {
    const { id } = await other.create({ command: 'cat' })
    await Promise.all([tmux('kill-session', '-t', id), other.create({ command: 'cat' })])
    await tmux('start-server', ';', 'kill-server')
  }
})

test('what tmux cannot give is refused with a word of who can', { skip }, async () => {
  for (const body of [
    { ttlSeconds: 5 },
    { limits: { memoryMb: 100 } },
    { template: 'big' },
    { restart: 'always' },
  ] as const) {
    await assert.rejects(manager.create(body), { code: 'BAD_REQUEST', message: /mode "distributed" can$/ })
  }
})

test('a socket that cannot be one is told as that, and not as a session that is gone', async () => {
  for (const [socket, why] of [
    [join(dir, 'x'.repeat(120)), /File name too long/],
    [mkdtempSync(join(dir, 'no-socket-')), /Is a directory/],
    [join(dir, 'nowhere', 'socket'), /No such file or directory/],
  ] as const) {
    const create = new SessionManager({ mode: 'simple', socket }).create({ command: 'cat' })
    await assert.rejects(create, { code: 'RUNTIME_UNAVAILABLE', message: why }, socket)
  }
  assert.deepEqual(await new SessionManager({ mode: 'simple', socket: join(dir, 'none-yet') }).list(), [])
})

test('a tmux that is too old or missing is told with the remedy', async () => {
  assert.deepEqual(
    ['tmux 3.1c', 'tmux 2.9', 'tmux 3.2', 'tmux 3.3a', 'tmux next-3.4', 'tmux openbsd-7.5', 'tmux master'].map(
      isTooOld,
    ),
    [true, true, false, false, false, false, false],
  )
  const bin = mkdtempSync(join(dir, 'bin-'))
  const script = `import { SessionManager } from '${import.meta.dirname}/../src/index.ts'
    await new SessionManager({ mode: 'simple' }).list().catch(({ code, message }) => process.stdout.write(code + ' ' + message))`
  const run = () => {
    const args = ['--input-type=module', '-e', script]
    return spawnSync(process.execPath, args, { env: { PATH: bin }, encoding: 'utf8' }).stdout
  }
  assert.match(run(), /^RUNTIME_UNAVAILABLE tmux is not installed; `apt install tmux`/)
  writeFileSync(join(bin, 'tmux'), '#!/bin/sh\necho tmux 3.1c\n')
  chmodSync(join(bin, 'tmux'), 0o755)
  assert.equal(run(), 'RUNTIME_UNAVAILABLE tmux 3.1c is too old: 3.2 or newer is needed')
})
