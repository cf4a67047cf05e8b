/** Input on its way to the terminal, in order and bounded; while the command does not read, a timer tries again. */
import { writeSync } from 'node:fs'

/** Answers of ours beyond it are dropped: a program that asks for ever and never reads must not grow the host. */
const MAX_REPLY_BYTES = 64 * 1024
/** Bytes waiting beyond which senders are asked to pause. */
const MAX_WAITING_BYTES = 1024 * 1024
/** node-pty retries at once and burns a core on a command that does not read (microsoft/node-pty PR 956). */
const RETRY_MS = { first: 1, longest: 50 }
/** Without progress for this long, the command does not read: a program that is merely busy reads again sooner. */
const BLOCKED_MS = 250

export interface InputTarget {
  fd: number
  /** True once the descriptor may belong to someone else. */
  closed(): boolean
  /** Bytes wait without progress, or flow again; `waiting` counts them. */
  onBlocked(blocked: boolean, waiting: number): void
  /** Nothing waits any more after the queue was full. */
  onDrain(): void
}

interface Waiting {
  bytes: Buffer
  isReply: boolean
}

export class InputQueue {
  readonly #target: InputTarget
  #waiting: Waiting[] = []
  #bytes = 0
  #replyBytes = 0
  #wasFull = false
  #retryMs = RETRY_MS.first
  #timer: NodeJS.Timeout | undefined
  #progressAt = 0
  #blocked = false

  constructor(target: InputTarget) {
    this.#target = target
  }

  get full(): boolean {
    return this.#bytes >= MAX_WAITING_BYTES
  }

  push(bytes: Buffer): void {
    this.#add({ bytes, isReply: false })
  }

  /** An answer to a query of the program; no amount of input keeps it out. */
  pushReply(bytes: Buffer): void {
    if (this.#replyBytes + bytes.length > MAX_REPLY_BYTES) return
    this.#replyBytes += bytes.length
    this.#add({ bytes, isReply: true })
  }

  /** Forgets what waits. */
  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#waiting = []
    this.#bytes = 0
    this.#replyBytes = 0
  }

  #add(item: Waiting): void {
    if (item.bytes.length === 0 || this.#target.closed()) return
    this.#waiting.push(item)
    this.#bytes += item.bytes.length
    if (this.full) this.#wasFull = true
    if (this.#timer !== undefined) return
    this.#progressAt = Date.now()
    this.#flush()
  }

  #flush(): void {
    this.#timer = undefined
    let written = 0
    for (let head = this.#waiting[0]; head !== undefined; head = this.#waiting[0]) {
      const taken = this.#write(head.bytes)
      written += taken
      this.#bytes -= taken
      if (head.isReply) this.#replyBytes -= taken
      if (taken < head.bytes.length) {
        head.bytes = head.bytes.subarray(taken)
        this.#watchProgress(written > 0)
        this.#retryMs = written > 0 ? RETRY_MS.first : Math.min(this.#retryMs * 2, RETRY_MS.longest)
        this.#timer = setTimeout(() => this.#flush(), this.#retryMs)
        return
      }
      this.#waiting.shift()
    }
    this.#retryMs = RETRY_MS.first
    this.#setBlocked(false)
    if (!this.#wasFull) return
    this.#wasFull = false
    this.#target.onDrain()
  }

  #watchProgress(progress: boolean): void {
    if (progress) this.#progressAt = Date.now()
    this.#setBlocked(Date.now() - this.#progressAt >= BLOCKED_MS)
  }

  #setBlocked(blocked: boolean): void {
    if (blocked === this.#blocked) return
    this.#blocked = blocked
    this.#target.onBlocked(blocked, this.#bytes)
  }

  /** Bytes the terminal took. The descriptor is non-blocking, so this never waits; a closed terminal takes all. */
  #write(bytes: Buffer): number {
    if (this.#target.closed()) return bytes.length
    try {
      return writeSync(this.#target.fd, bytes)
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 0 : bytes.length
    }
  }
}
