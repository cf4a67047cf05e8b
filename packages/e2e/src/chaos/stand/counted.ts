/** A session whose every byte is known beforehand: it counts in lines until it is told to stop, then echoes; its viewer hashes what arrives. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { Attachment, HoldfastClient, LinkState } from '@holdfast/client'
import { type CreateSession, ERRORS, type HoldfastError, randomId } from '@holdfast/protocol'
import { until, within } from './until.ts'

/** A line every PACE seconds, 20 ms by default. What is typed is the word that ends the counting; afterwards everything typed comes back. */
const PROGRAM = `stty raw -echo; n=0
while ! read -rt \${PACE:-0.02} word; do n=$((n+1)); printf 'line %08d of a stream that is checked byte by byte\\r\\n' $n; done
printf 'counted %d\\r\\n' $n; exec cat`

const line = (n: number): string => `line ${String(n).padStart(8, '0')} of a stream that is checked byte by byte\r\n`
const lastLine = (count: number): string => `counted ${count}\r\n`
const wholeHash = (count: number): string => {
  const hash = createHash('sha256')
  for (let n = 1; n <= count; n++) hash.update(line(n))
  return hash.update(lastLine(count)).digest('hex')
}

/** The end of the line below the old screen of a session whose command was started anew. */
const STARTED_ANEW = Buffer.from('the command was started anew ──\x1b[0m\r\n')

/** Enough for the last line and the echo that is waited for. */
const KEPT_CHARACTERS = 400
const SETTLE_SECONDS = 60

export const COUNTING: CreateSession = { template: 'counted', command: 'bash', args: ['-c', PROGRAM] }

/** One client's view of a counting session. */
export class CountedStream {
  readonly id: string
  readonly attachment: Attachment
  readonly states: LinkState[] = []
  /** Longest time between two deliveries so far, milliseconds. */
  longestGapMs = 0
  bytes = 0
  /** The old screen, of a session that was started anew: it stands before the bytes that are hashed. */
  above = Buffer.alloc(0)
  #isBelow: boolean
  #snapshots = 0
  /** Of lines, once the counting has ended. */
  count: number | undefined
  #end = ''
  #heardAt = performance.now()
  #onOutput: () => void = () => undefined
  readonly #hash = createHash('sha256')

  constructor(client: HoldfastClient, id: string, { startedAnew = false } = {}) {
    this.id = id
    this.#isBelow = !startedAnew
    const take = (chunk: Uint8Array, parsed: () => void): void => {
      const bytes = this.#isBelow ? chunk : this.#below(chunk)
      this.#hash.update(bytes)
      this.bytes += bytes.length
      this.#end = (this.#end + Buffer.from(bytes).toString('latin1')).slice(-KEPT_CHARACTERS)
      const now = performance.now()
      if (this.count === undefined) this.longestGapMs = Math.max(this.longestGapMs, Math.round(now - this.#heardAt))
      this.#heardAt = now
      this.#onOutput()
      parsed()
    }
    this.attachment = client.attach(id, {
      onOutput: take,
      onSnapshot: (bytes, _size, parsed) => {
        this.#snapshots++
        take(bytes, parsed)
      },
      onState: (state) => this.states.push(state),
    })
  }

  /** Asks again, with the same key, as long as the answer says that this may help: it is not the create that is tested. */
  static async create(client: HoldfastClient, more: Partial<CreateSession> = {}): Promise<CountedStream> {
    const idempotencyKey = randomId(16)
    const ask = () =>
      client.createSession({ ...COUNTING, ...more }, { idempotencyKey }).catch((error: HoldfastError) => {
        if (ERRORS[error.code].retryable) return undefined
        throw error
      })
    const session = await until('a session is made', ask, SETTLE_SECONDS)
    assert.equal(session.phase, 'running', JSON.stringify(session))
    const stream = new CountedStream(client, session.id)
    await stream.flows().catch((error) => {
      stream.detach()
      throw error
    })
    return stream
  }

  /** What of the bytes stands below the old screen. */
  #below(bytes: Uint8Array): Uint8Array {
    const all = Buffer.concat([this.above, bytes])
    const at = all.indexOf(STARTED_ANEW)
    this.#isBelow = at >= 0
    this.above = this.#isBelow ? all.subarray(0, at) : all
    return this.#isBelow ? all.subarray(at + STARTED_ANEW.length) : new Uint8Array()
  }

  /** Resolves when something new has arrived. */
  async flows(seconds = SETTLE_SECONDS): Promise<void> {
    const before = this.bytes
    await until(`the stream of ${this.id} flows`, () => this.bytes > before, seconds)
  }

  /** Ends the counting and compares the hash of everything that has arrived with that of everything that was printed. */
  async settle(seconds = SETTLE_SECONDS): Promise<void> {
    if (this.count !== undefined) return
    this.attachment.write('stop\n')
    await this.last(seconds)
  }

  /** The comparison of `settle`, for one of several viewers: another one ends the counting. */
  async last(seconds = SETTLE_SECONDS): Promise<void> {
    const told = () => /counted (\d+)\r\n$/.exec(this.#end)?.[1]
    const count = Number(await until(`the last line of ${this.id}, after ${this.bytes} bytes`, told, seconds))
    this.count = count
    assert.equal(this.#snapshots, 0, `the stream of ${this.id} was continued, not replaced by a snapshot`)
    assert.equal(this.#hash.copy().digest('hex'), wholeHash(count), `every byte of ${this.id} arrived once, in order`)
  }

  /** Milliseconds until what is typed comes back; settles the stream first. */
  async echo(seconds = SETTLE_SECONDS): Promise<number> {
    await this.settle(seconds)
    const token = randomId(12)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onOutput = () => {
      if (this.#end.endsWith(token)) resolve()
    }
    const begin = performance.now()
    this.attachment.write(token)
    await within(`the echo of ${this.id}`, seconds, promise)
    return performance.now() - begin
  }

  detach(): void {
    this.attachment.detach()
  }
}
