/** The receiving side of an attachment: which byte of which stream comes next, over reconnects, snapshots and new epochs. */
import type { AttachedMessage, HostMessage } from '@holdfast/protocol'
import { Acks } from './acks.ts'

export interface OutputSink {
  onOutput(bytes: Uint8Array, parsed: () => void): void
  onSnapshot?(bytes: Uint8Array, size: { cols: number; rows: number; offset: number }, parsed: () => void): void
}
export type SnapshotMessage = Extract<HostMessage, { type: 'snapshot' }>

interface Cursor {
  readonly epoch: string
  /** Bytes delivered. */
  offset: number
}

export class OutputCursor {
  readonly #sink: OutputSink
  readonly #acks: Acks
  #cursor: Cursor | null = null
  #startOver = false
  /** Where this connection asked to go on; null when it did not, or has been answered. */
  #asked: Readonly<Cursor> | null = null
  /** Epoch of this connection's stream; the cursor takes it over with `fresh` or a snapshot. */
  #epoch = ''
  /** False until the first output byte of this connection has an offset. */
  #placed = false
  /** The next binary message is its content. */
  #snapshot: SnapshotMessage | null = null

  constructor(sink: OutputSink, sendAck: (offset: number) => void) {
    this.#sink = sink
    this.#acks = new Acks(sendAck)
  }

  get offset(): number {
    return this.#cursor?.offset ?? 0
  }

  /** The next connection does not resume. */
  forget(): void {
    this.#startOver = true
  }

  /** A connection opens: what to ask for. */
  resumeFrom(): { epoch?: string; offset?: number } {
    this.#snapshot = null
    this.#placed = false
    this.#asked = this.#startOver || this.#cursor === null ? null : { ...this.#cursor }
    return { ...this.#asked }
  }

  /** False when the host resumes what was not asked for, or elsewhere. */
  begin({ epoch, offset, resume }: AttachedMessage): boolean {
    const asked = this.#asked
    this.#asked = null
    this.#epoch = epoch
    // Until a snapshot is here the old cursor stays: cut off in between, the next connect asks again.
    this.#placed = resume !== 'snapshot'
    if (resume === 'snapshot')
      this.#acks.restart() // what was delivered before is no part of this connection's stream
    else if (resume === 'delta' && asked?.epoch === epoch && asked.offset === offset) this.#acks.resume(offset)
    else if (resume === 'fresh' && offset === 0) this.#jump({ epoch, offset })
    else return false
    return true
  }

  announce(snapshot: SnapshotMessage): void {
    this.#snapshot = snapshot
  }

  /** False when the bytes have no place in the stream. */
  receive(bytes: Uint8Array): boolean {
    if (this.#snapshot !== null) this.#receiveSnapshot(this.#snapshot, bytes)
    else if (this.#cursor === null || !this.#placed) return false
    else {
      this.#cursor.offset += bytes.length
      this.#sink.onOutput(bytes, this.#acks.deliver(this.#cursor.offset))
    }
    return true
  }

  /** The connection is gone: no ack may be sent before the next one begins. */
  stop(): void {
    this.#acks.stop()
  }

  #receiveSnapshot({ offset, cols, rows }: SnapshotMessage, bytes: Uint8Array): void {
    this.#snapshot = null
    this.#placed = true
    this.#jump({ epoch: this.#epoch, offset })
    const parsed = this.#acks.deliver(offset)
    if (this.#sink.onSnapshot) this.#sink.onSnapshot(bytes, { cols, rows, offset }, parsed)
    else this.#sink.onOutput(bytes, parsed)
  }

  #jump(to: Cursor): void {
    this.#startOver = false
    this.#cursor = to
    this.#acks.restart()
  }
}
