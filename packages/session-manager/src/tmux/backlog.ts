/** What a view was given and has not parsed yet: beyond a window no more is read, and after a while the rest is left out. */

/** Delivered and not parsed. */
const WINDOW_BYTES = 1024 * 1024
/** What a piece takes beside its bytes: a program may write one at a time. (Measured: 220.) */
const PIECE_BYTES = 256
/** How long a full window holds up the pane; tmux itself waits as long for a client that takes nothing. */
export const STALL_SECONDS = 2

export interface BacklogEvents {
  /** Nothing more is to be read. */
  onFull(): void
  /** There is room again. */
  onRoom(): void
  /** It has been full for STALL_SECONDS. */
  onStalled(): void
  /** All is parsed. */
  onEmpty(): void
}

export class Backlog {
  readonly #events: BacklogEvents
  #bytes = 0
  #timer: NodeJS.Timeout | undefined

  constructor(events: BacklogEvents) {
    this.#events = events
  }

  get isEmpty(): boolean {
    return this.#bytes === 0
  }

  /** Counts a piece that is on its way; returns what is called once it is parsed. */
  add(length: number): () => void {
    const size = length + PIECE_BYTES
    this.#bytes += size
    if (this.#bytes > WINDOW_BYTES) this.#full()
    let done = false
    return () => {
      if (done) return
      done = true
      this.#bytes -= size
      if (this.#bytes <= WINDOW_BYTES) this.#room()
      if (this.isEmpty) this.#events.onEmpty()
    }
  }

  /** Nothing is told any more. */
  close(): void {
    clearTimeout(this.#timer)
  }

  #full(): void {
    if (this.#timer !== undefined) return
    this.#events.onFull()
    this.#timer = setTimeout(() => this.#events.onStalled(), STALL_SECONDS * 1000)
  }

  #room(): void {
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#events.onRoom()
  }
}
