/** What a view types, in order: keys by its own client, more by a buffer, for which tmux takes a hundredth of the time. */
import type { Control } from './control.ts'
import { paneOf, quoted } from './tmux.ts'

/** As keys go; each byte is a word of a command. */
const KEYS_BYTES = 64

/** Any bytes, as they are (tmux(1), send-keys -H). */
const keys = (id: string, bytes: Uint8Array): string =>
  `send-keys -t ${quoted(paneOf(id))} -H ${Array.from(bytes, (byte) => byte.toString(16)).join(' ')}`

const encoder = new TextEncoder()

export class Typing {
  /** Until there is one, all goes by buffers. */
  control: Control | undefined
  readonly #id: string
  readonly #input: (bytes: Uint8Array) => Promise<void>
  /** All that was typed has arrived. */
  #arrived: Promise<unknown> = Promise.resolve()
  /** All buffers have; keys behind keys need no answer. */
  #pasted: Promise<unknown> = Promise.resolve()

  readonly #onTaken: () => void
  #added = 0
  #taken = 0

  /** `input` goes by a buffer. `onTaken`: tmux has taken some of it. */
  constructor(id: string, input: (bytes: Uint8Array) => Promise<void>, onTaken: () => void) {
    this.#id = id
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
    const { control } = this
    const bytes = typeof data === 'string' ? encoder.encode(data) : Uint8Array.from(data)
    if (bytes.length === 0) return
    this.#added += bytes.length
    if (control !== undefined && bytes.length <= KEYS_BYTES) {
      const arrived = this.#pasted.then(() => control.run(keys(this.#id, bytes))).catch(() => {})
      this.#arrived = Promise.all([this.#arrived, arrived])
    } else {
      this.#arrived = this.#arrived.then(() => this.#input(bytes)).catch(() => {})
      this.#pasted = this.#arrived
    }
    void this.#arrived.then(() => {
      this.#taken += bytes.length
      this.#onTaken()
    })
  }
}
