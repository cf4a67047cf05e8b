/** What a view types, in order: keys by its own client, more by a buffer, for which tmux takes a hundredth of the time. */
import type { Control } from './control.ts'
import { paneOf, quoted } from './tmux.ts'

/** As keys go; each byte is a word of a command. */
const KEYS_BYTES = 64

const encoder = new TextEncoder()

export class Typing {
  /** Until there is one, all goes by buffers. */
  control: Control | undefined
  /** Any bytes, as they are (tmux(1), send-keys -H). */
  readonly #keys: string
  readonly #input: (bytes: Uint8Array) => Promise<void>
  /** Buffers under way. */
  #buffers = 0
  /** All that was typed has arrived: answers come in order. */
  #arrived: Promise<unknown> = Promise.resolve()

  readonly #onTaken: () => void
  #added = 0
  #taken = 0

  /** `input` goes by a buffer. `onTaken`: tmux has taken some of it. */
  constructor(id: string, input: (bytes: Uint8Array) => Promise<void>, onTaken: () => void) {
    this.#keys = `send-keys -t ${quoted(paneOf(id))} -H`
    this.#input = input
    this.#onTaken = onTaken
  }

  /** Bytes that tmux has taken. */
  get taken(): number {
    return this.#taken
  }

  /** Bytes on their way to tmux. */
  get waiting(): number {
    return this.#added - this.#taken
  }

  /** A command that has ended takes nothing; its end is told otherwise. */
  add(data: string | Uint8Array): void {
    const bytes = typeof data === 'string' ? encoder.encode(data) : Uint8Array.from(data)
    if (bytes.length === 0) return
    this.#added += bytes.length
    if (this.control !== undefined && this.#buffers === 0 && bytes.length <= KEYS_BYTES) {
      let keys = this.#keys
      for (const byte of bytes) keys += ` ${byte.toString(16)}`
      this.#arrived = this.control.run(keys).catch(() => {})
    } else {
      this.#buffers++
      this.#arrived = this.#arrived
        .then(() => this.#input(bytes))
        .catch(() => {})
        .finally(() => this.#buffers--)
    }
    void this.#arrived.then(() => {
      this.#taken += bytes.length
      this.#onTaken()
    })
  }
}
