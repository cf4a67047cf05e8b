/** A viewer's connection as the WebSocket library sees it, and the viewer's place in the stream: both are kept by the stream's thread. */
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { type Handle, native, VIEWER_NEWS, type View } from './native-stream.ts'

/** libuv's descriptor, that Node does not document but has had since 0.x; -1: it is closed already. */
const descriptorOf = (socket: Socket): number =>
  (socket as unknown as { _handle: { fd: number } | null })._handle?.fd ?? -1

const NOWHERE: View = { cursor: 0, behind: false, held: false }

export interface Joining {
  /** It may type. */
  typing: boolean
  /** Plain bytes: no acknowledgements either way. */
  raw: boolean
  /** Input bytes accepted from this client before. */
  typed: number
}

/**
 * Emits `paused` when the thread has sent all it may of the stream, and `go` has to say how it goes on. What is written
 * stands between two frames of output, so it has to be whole frames: corked writes are joined.
 */
export class ViewerSocket extends Duplex {
  readonly id: number
  readonly #handle: Handle
  #flushed: (() => void) | undefined
  #typed = 0

  constructor(handle: Handle, socket: Socket, head: Buffer) {
    // What was pushed has to be heard before the thread heeds what follows: nothing is read ahead.
    super({ allowHalfOpen: true, readableHighWaterMark: 1 })
    this.#handle = handle
    const unread: Buffer | null = socket.read()
    this.id = native.accept(handle, descriptorOf(socket), unread === null ? head : Buffer.concat([head, unread]))
    // The connection lives on by the thread's duplicate; what Node held for it is freed.
    socket.destroy()
  }

  get view(): View {
    return native.view(this.#handle, this.id) ?? NOWHERE
  }

  join({ typing, raw, typed }: Joining): void {
    this.#typed = typed
    native.join(this.#handle, this.id, typing, raw, typed)
  }

  /** Output goes on from `cursor`, up to `stop` if there is such a place. All below `acked` counts as parsed. */
  go(cursor: number, acked: number, stop = Number.POSITIVE_INFINITY): void {
    native.go(this.#handle, this.id, cursor, acked, stop)
  }

  ack(offset: number): void {
    native.ack(this.#handle, this.id, offset)
  }

  type(bytes: Buffer): void {
    native.input(this.#handle, this.id, bytes)
  }

  /** It views no more: nothing of the stream is sent, nothing it says is input. Returns how many bytes it has typed. */
  part(): number {
    this.#typed = native.part(this.#handle, this.id) ?? this.#typed
    return this.#typed
  }

  /** `news`: bits of VIEWER_NEWS. */
  hear(news: number): void {
    if (this.destroyed) return
    if (news & VIEWER_NEWS.heard) this.push(native.heard(this.#handle, this.id))
    if (news & VIEWER_NEWS.ended) this.#end()
    else if (news & VIEWER_NEWS.flushed) this.#tellFlushed()
    if (news & VIEWER_NEWS.paused) this.emit('paused')
  }

  override _read(): void {
    native.listen(this.#handle, this.id)
  }

  override _write(frames: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (native.send(this.#handle, this.id, frames) === false) this.#flushed = done
    else done()
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'binary', done)
  }

  override _final(done: () => void): void {
    native.shut(this.#handle, this.id)
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.part()
    native.close(this.#handle, this.id)
    done(error)
  }

  /** Its end of the connection is closed: what waits to be sent will not be waited for. */
  #end(): void {
    this.push(null)
    this.#tellFlushed()
  }

  #tellFlushed(): void {
    const done = this.#flushed
    this.#flushed = undefined
    done?.()
  }
}
