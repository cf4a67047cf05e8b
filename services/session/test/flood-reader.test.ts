/** What floods a terminal is read on a thread: all of it, in order, and the event loop goes on where that ends. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { FloodReader } from '../src/flood-reader.ts'
import { claimOf, eventually, startHost } from './harness.ts'

/** Reads at most 4095 bytes in each turn of the event loop, as node-pty's socket does from a terminal. */
class LoopSource {
  readonly calls: string[] = []
  readonly #fd: number
  readonly #onPiece: (piece: Buffer) => void
  #reading = false

  constructor(fd: number, onPiece: (piece: Buffer) => void) {
    this.#fd = fd
    this.#onPiece = onPiece
  }

  readStart(): void {
    this.calls.push('start')
    this.#reading = true
    setImmediate(() => this.#turn())
  }

  readStop(): void {
    this.calls.push('stop')
    this.#reading = false
  }

  #turn(): void {
    if (!this.#reading) return
    const piece = Buffer.alloc(4095)
    try {
      this.#onPiece(piece.subarray(0, readSync(this.#fd, piece)))
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN')
    }
    setImmediate(() => this.#turn())
  }
}

/** What a script writes into a pipe, read by both in turn. */
const readAll = async (t: TestContext, script: string) => {
  const directory = mkdtempSync(join(tmpdir(), 'hf-flood-'))
  const path = join(directory, 'pipe')
  execFileSync('mkfifo', [path])
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  const chunks: Buffer[] = []
  const source: LoopSource = new LoopSource(fd, (piece) => reader.push(piece))
  const reader = new FloodReader(
    fd,
    () => source,
    (bytes) => chunks.push(Buffer.from(bytes)),
  )
  t.after(() => {
    source.readStop()
    closeSync(fd)
    rmSync(directory, { recursive: true })
  })
  source.readStart()
  const wanted = execFileSync('sh', ['-c', script], { maxBuffer: 64 << 20 })
  spawn('sh', ['-c', `exec >${path}; ${script}`])
  await eventually('all of it', () => chunks.reduce((sum, { length }) => sum + length, 0) >= wanted.length)
  assert.ok(Buffer.concat(chunks).equals(wanted), 'the bytes differ')
  await eventually('the event loop reads again', () => source.calls.at(-1) === 'start')
  return { calls: source.calls, chunks }
}

test('a flood is read on a thread, whole and in order, in larger pieces', async (t) => {
  const { calls, chunks } = await readAll(t, 'seq 1 1500000')
  assert.ok(calls.includes('stop'))
  assert.ok(
    chunks.some(({ length }) => length > 16 * 1024),
    'no large pieces',
  )
})

test('floods that begin and end again and again are whole and in order', async (t) => {
  const { calls } = await readAll(t, 'for i in $(seq 1 20); do seq 1 20000; sleep 0.02; echo between; sleep 0.02; done')
  assert.ok(calls.filter((call) => call === 'stop').length > 5, calls.join(' '))
})

test('what is written bit by bit needs no thread', async (t) => {
  const { calls } = await readAll(t, 'for i in $(seq 1 30); do seq 1 200; sleep 0.005; done')
  assert.deepEqual(calls, ['start'])
})

test('a leader killed in the middle of a flood ends the session, and the host goes on', async (t) => {
  const host = await startHost(t)
  await host.claim(claimOf('sh', ['-c', 'trap "" HUP; yes']))
  await eventually('it floods', async () => (await host.status()).offset > 5_000_000)
  const children = execFileSync('pgrep', ['-P', `${process.pid}`, '-x', 'hold'])
  process.kill(Number(children.toString().trim().split('\n').at(-1)), 'SIGKILL')
  await eventually('the end', async () => (await host.status()).exit !== null)
  assert.match((await host.status()).exit?.failure ?? '', /leader was killed/)
})
