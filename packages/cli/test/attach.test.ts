import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, test } from 'node:test'
import { FakeHost, session } from '@holdfast/client/fake-host'
import { HoldfastError } from '@holdfast/protocol'
import { run } from '../src/cli.ts'
import { emptyIo } from './harness.ts'
import { OnPty } from './on-pty.ts'

const ID = 'local-0000000000000a'
/** A hang fails the test instead of the run. */
const LIMIT = { timeout: 60_000 }

let host: FakeHost
let env: { HOLDFAST_URL: string; HOLDFAST_KEY: string }
let programs: OnPty[]

const onPty = (argv: string[], size?: { cols: number; rows: number }): OnPty => {
  const program = new OnPty(argv, env, size)
  programs.push(program)
  return program
}
/** As a pipe is read. */
function* pieces(input: Buffer): Generator<Buffer> {
  for (let at = 0; at < input.length; at += 65_536) yield input.subarray(at, at + 65_536)
}
const sizes = (): unknown[] =>
  host.messages.flatMap((message) =>
    message.type === 'attach' || message.type === 'resize' ? [[message.cols, message.rows]] : [],
  )

beforeEach(async () => {
  host = await FakeHost.start()
  env = { HOLDFAST_URL: host.url, HOLDFAST_KEY: 'hf_test' }
  programs = []
  host.answers[`GET /v1/sessions/${ID}`] = () => ({ status: 200, body: session({ id: ID, exitCode: 3, signal: null }) })
})
afterEach(async () => {
  for (const { pty } of programs) pty.kill('SIGKILL')
  await host.stop()
})

test('keys reach the session one by one, its output is shown, its size follows the window', LIMIT, async () => {
  host.print('$ ')
  const program = onPty(['attach', ID], { cols: 90, rows: 20 })
  await program.shows('$ ')
  program.type('l')
  await host.until(() => host.typed.toString() === 'l')
  program.type('s\r\x03\x04\x1a\x1c')
  await host.until(() => host.typed.toString() === 'ls\r\x03\x04\x1a\x1c')
  program.pty.resize(100, 30)
  await host.until(() => sizes().length === 2)
  assert.deepEqual(sizes(), [
    [90, 20],
    [100, 30],
  ])
})

test('--steal takes control, again after a reconnect; --detach-keys are other keys', LIMIT, async () => {
  host.print('$ ')
  const program = onPty(['attach', ID, '--steal', '--detach-keys', 'C-a,q'])
  const taken = () => host.messages.filter((message) => message.type === 'control').length
  await program.shows('Ctrl-a then q detaches')
  await host.until(() => taken() === 1)
  host.cut()
  await host.until(() => taken() === 2)
  program.type('\x1dd')
  await host.until(() => host.typed.toString() === '\x1dd')
  program.type('\x01q')
  assert.equal(await program.exited, 0)
})

test('Ctrl-] d detaches, puts the terminal back in order, and leaves the session', LIMIT, async () => {
  host.print('\x1b[?1049h\x1b[?1000hfull screen')
  const program = onPty(['attach', ID])
  await program.shows('full screen')
  assert.match(program.text, /\[attaching to local-0000000000000a; Ctrl-\] then d detaches\]/)
  program.type('\x1dd')
  assert.equal(await program.exited, 0)
  const after = program.text.slice(program.text.indexOf('full screen'))
  for (const sequence of ['\x1b[?1049l', '\x1b[?25h', '\x1b[0m', '\x1b[?1000l', '\x1b[?2004l', '\x1b>'])
    assert(after.includes(sequence), JSON.stringify(sequence))
  assert(after.endsWith(`[detached from ${ID}]\r\n`), JSON.stringify(after))
  assert.equal(host.typed.length, 0)
})

test('the exit code of the session becomes its own', LIMIT, async () => {
  const program = onPty(['attach', ID])
  await host.until(() => host.viewers.size === 1)
  host.print('bye\r\n')
  host.exit(3, null)
  assert.equal(await program.exited, 3)
  assert.match(program.text, /bye\r\n[\s\S]*\[session ended: exit 3\]/)
})

test('a signal that ended the session becomes 128 + n', LIMIT, async () => {
  const program = onPty(['attach', ID])
  await host.until(() => host.viewers.size === 1)
  host.exit(null, 'KILL')
  assert.equal(await program.exited, 137)
  assert(program.text.includes('[session ended: signal KILL]'))
})

test('queries do not reach the terminal', LIMIT, async () => {
  const program = onPty(['attach', ID])
  await host.until(() => host.viewers.size === 1)
  host.print('a\x1b[6nb\x1b[')
  host.print('cc')
  await program.shows('abc')
  assert(!program.text.includes('\x1b[6n'))
})

test('the terminal is asked for its colours once, and they are announced to every connection', LIMIT, async () => {
  const program = onPty(['attach', ID])
  await program.shows('\x1b]10;?\x1b\\\x1b]11;?\x1b\\\x1b]12;?\x1b\\\x1b[c')
  program.type('l\x1b]10;rgb:ffff/ffff/ffff\x1b\\s\x1b]11;rgb:0000/0000/0000\x1b\\\x1b[?62c\r')
  const colors = () => host.messages.filter((message) => message.type === 'colors')
  await host.until(() => host.typed.toString() === 'ls\r' && colors().length === 1)
  host.cut()
  await host.until(() => colors().length === 2)
  assert.deepEqual(colors()[1], { type: 'colors', foreground: '#ffffff', background: '#000000' })
  assert.equal(program.text.split('\x1b]10;?').length, 2)
})

test('a read-only view asks the terminal nothing', LIMIT, async () => {
  host.print('look')
  const program = onPty(['attach', ID, '--read-only'])
  await program.shows('look')
  program.type('\x1dd')
  await program.exited
  assert(!program.text.includes('\x1b]10;?'))
})

test('what the session copies is written to the terminal, but not into an open sequence', LIMIT, async () => {
  const program = onPty(['attach', ID])
  await host.until(() => host.viewers.size === 1)
  host.print('\x1b]0;a long')
  await program.shows('a long')
  host.tell({ type: 'clipboard', selection: 'c', data: 'aGVsbG8=' })
  host.tell({ type: 'clipboard', selection: 'c', data: 'evil\x07\x1b[6n' })
  host.print(' title\x07')
  await program.shows('a long title\x07\x1b]52;c;aGVsbG8=\x07')
  assert(!program.text.includes('evil'))
})

test('notices, blocked input and lost control are told; what that covered is painted again', LIMIT, async () => {
  host.print('screen')
  const program = onPty(['attach', ID])
  await program.shows('screen')
  host.tell({ type: 'notice', level: 'info', title: 'make', text: 'done\x1b[6n' })
  await program.shows('[make: done [6n]')
  host.tell({ type: 'control', controller: 'someone-else' })
  await program.shows('[someone else has taken control of the size')
  host.tell({ type: 'input', blocked: true, waiting: 4096 })
  await program.shows('[the program does not read its input: 4096 bytes wait]')
  host.tell({ type: 'input', blocked: false, waiting: 0 })
  await program.shows('\x1bcscreen')
})

test('a core dump is told', LIMIT, async () => {
  const program = onPty(['attach', ID])
  await host.until(() => host.viewers.size === 1)
  host.tell({ type: 'exit', exitCode: null, signal: 'SEGV', offset: 0, coreDumped: true })
  assert.equal(await program.exited, 139)
  assert(program.text.includes('[session ended: signal SEGV (core dumped)]'))
})

test('a line feed of the session moves down and no more; afterwards the terminal is as it was', LIMIT, async () => {
  host.print('down\nhere')
  const program = onPty(['attach', ID])
  await program.shows('down\nhere')
  program.type('\x1dd')
  await program.exited
  assert(program.text.endsWith(']\r\n'))
})

test('a snapshot is painted after a full reset', LIMIT, async () => {
  host.print('old output')
  host.replayFrom = 5
  const program = onPty(['attach', ID])
  await program.shows('\x1bc<screen at 10>')
  assert(!program.text.includes('old'))
})

test('a cut is bridged: what was typed meanwhile arrives, nothing is shown twice', LIMIT, async () => {
  host.print('before;')
  const program = onPty(['attach', ID])
  await program.shows('before;')
  host.cut()
  program.type('typed meanwhile')
  host.print('after;')
  await program.shows('after;')
  await host.until(() => host.typed.toString() === 'typed meanwhile')
  assert.equal(program.text.split('before;').length, 2)
})

test('a long cut is told, and what the line covered is painted again', LIMIT, async () => {
  host.print('screen')
  const program = onPty(['attach', ID])
  await program.shows('screen')
  host.refusal = new HoldfastError('DRAINING', 'the gateway goes down')
  host.cut()
  await program.shows('[reconnecting in ')
  await program.shows('the gateway goes down')
  host.refusal = null
  await program.shows('\x1bcscreen')
  program.type('\x1dd')
  assert.equal(await program.exited, 0)
})

test('read-only: nothing is typed, but the detach keys work', LIMIT, async () => {
  host.print('look')
  const program = onPty(['attach', ID, '--read-only'])
  await program.shows('look')
  program.type('rm -rf /\r')
  program.type('\x1dd')
  assert.equal(await program.exited, 0)
  assert.equal(host.typed.length, 0)
})

test('a host that grants less than was asked for: typing does nothing, and does no harm', LIMIT, async () => {
  host.mode = 'ro'
  host.print('look')
  const program = onPty(['attach', ID])
  await program.shows('look')
  program.type('x')
  program.type('\x1dd')
  assert.equal(await program.exited, 0)
})

test('SIGTERM detaches and puts the terminal back', LIMIT, async () => {
  host.print('here')
  const program = onPty(['attach', ID])
  await program.shows('here')
  program.pty.kill('SIGTERM')
  assert.equal(await program.exited, 143)
  assert(program.text.includes('\x1b[?1049l'))
})

test('new attaches to what it made, with the size of the window', LIMIT, async () => {
  let body: unknown
  host.answers['POST /v1/sessions'] = (_request, text) => {
    body = JSON.parse(text)
    return { status: 201, body: session({ id: ID }) }
  }
  host.print('hello')
  const program = onPty(['new', '--', 'bash', '-l'], { cols: 70, rows: 10 })
  await program.shows('hello')
  assert.deepEqual(body, { command: 'bash', args: ['-l'], cols: 70, rows: 10 })
  program.type('\x1dd')
  assert.equal(await program.exited, 0)
})

test('kicked: says so, exit 1', LIMIT, async () => {
  const program = onPty(['attach', ID])
  await host.until(() => host.viewers.size === 1)
  host.close(4409, 'an operator ended this attachment')
  assert.equal(await program.exited, 1)
  assert.match(program.text, /holdfast: an operator ended this attachment\r\n/)
})

test('a session that is over already shows its last screen and gives its exit code', LIMIT, async () => {
  host.refusal = new HoldfastError('SESSION_ENDED', 'the session has ended')
  host.answers[`GET /v1/sessions/${ID}/screen`] = () => ({ status: 200, body: 'last words\n\n\n' })
  const io = emptyIo(env)
  assert.equal(await run(['attach', ID], io), 3)
  assert.deepEqual([io.stdout.text, io.stderr.text], ['last words\n', '[session ended: exit 3]\n'])
})

test('pipes: bytes go in and out as they are, and the end of the input does not end the session', LIMIT, async () => {
  const io = emptyIo(env)
  const done = run(['attach', ID], io)
  io.stdin.end('one\x1dd\n')
  await host.until(() => host.typed.toString() === 'one\x1dd\n')
  host.print('\x1b[31mred\x1b[0m\n')
  await host.until(() => host.viewers.size === 1)
  host.exit(0, null)
  assert.equal(await done, 0)
  assert.deepEqual([io.stdout.text, io.stderr.text], ['\x1b[31mred\x1b[0m\n', '[session ended: exit 0]\n'])
})

test('a pipe that is faster than the session is read no further than the queue holds', LIMIT, async () => {
  const io = emptyIo(env)
  const done = run(['attach', ID], io)
  const input = Buffer.alloc(12 * 1024 * 1024, 'many bytes ')
  Readable.from(pieces(input)).pipe(io.stdin)
  await host.until(() => host.typed.length === input.length)
  assert(host.typed.equals(input))
  host.exit(0, null)
  assert.equal(await done, 0)
})
