/** Reads a terminal: piece by piece in the event loop, and while it floods on a thread (native/flood-reader.c), which never makes it wait. */
import { loadAddon } from '@holdfast/service-kit'

/** Lives in C until it is stopped. */
type Handle = object & { readonly __reader: unique symbol }

interface Native {
  /** Undefined when there can be no thread. */
  start(fd: number, onReady: () => void): Handle | undefined
  take(reader: Handle, room: Buffer): number
  stop(reader: Handle): Buffer
}

/** What the event loop reads from: node-pty's socket has it as `_handle`. */
export interface Source {
  readStart(): void
  readStop(): void
}

/** The driver of a terminal that has more hands out nearly 4 KiB; less is all there was. */
const FULL_PIECE_BYTES = 4000
/** So many in a row are a flood, not one full screen. */
const FLOOD_PIECES = 8
const ROOM_BYTES = 64 * 1024

const native = loadAddon<Native>('flood-reader.node', import.meta.url)

/** Of one terminal, whose pieces come in order whoever reads them. */
export class FloodReader {
  readonly #fd: number
  readonly #source: () => Source | null
  readonly #onOutput: (bytes: Buffer) => void
  #fullPieces = 0
  #reader: Handle | undefined
  /** Only a flood takes memory for it. */
  #room: Buffer | undefined

  /** `fd` does not block; `source` is null once it is closed. The bytes of `onOutput` are overwritten when it has returned. */
  constructor(fd: number, source: () => Source | null, onOutput: (bytes: Buffer) => void) {
    this.#fd = fd
    this.#source = source
    this.#onOutput = onOutput
  }

  /** A piece that the event loop has read. */
  push(piece: Buffer): void {
    this.#fullPieces = piece.length < FULL_PIECE_BYTES ? 0 : this.#fullPieces + 1
    if (this.#fullPieces === FLOOD_PIECES) this.#begin()
    this.#onOutput(piece)
  }

  /** Hands over what the thread has read already. */
  flush(): void {
    if (this.#reader !== undefined) this.#end(this.#reader)
  }

  #begin(): void {
    const source = this.#source()
    if (source === null) return
    source.readStop()
    this.#room ??= Buffer.allocUnsafeSlow(ROOM_BYTES)
    this.#reader = native.start(this.#fd, () => this.#take())
    if (this.#reader === undefined) source.readStart()
  }

  #take(): void {
    const [reader, room] = [this.#reader, this.#room]
    if (reader === undefined || room === undefined) return
    const size = native.take(reader, room)
    if (size > 0) this.#onOutput(room.subarray(0, size))
    else this.#end(reader)
  }

  /** The event loop goes on reading. */
  #end(reader: Handle): void {
    this.#reader = undefined
    this.#fullPieces = 0
    const rest = native.stop(reader)
    if (rest.length > 0) this.#onOutput(rest)
    this.#source()?.readStart()
  }
}
