/** Numbers of a link: round trip, output that is not drawn yet, input that the host has not confirmed. */
import type { Attachment } from '@holdfast/client'
import type { ViewState } from './view-state.ts'

const LOOK_MS = 500
/** Looks between two measurements of the round trip. */
const LOOKS_PER_PING = 10

export class Meter {
  readonly #state: ViewState
  readonly #attachment: () => Attachment
  readonly #timer: ReturnType<typeof setInterval>
  #received = 0
  #parsed = 0
  #looks = 0
  /** Unconfirmed input at the last look: what is confirmed before the next one is not worth a word. */
  #waited = 0

  constructor(state: ViewState, attachment: () => Attachment) {
    this.#state = state
    this.#attachment = attachment
    this.#timer = setInterval(() => this.#look(), LOOK_MS)
  }

  /** Output has come; the result is to be called when it is drawn. */
  received(bytes: number, parsed: () => void): () => void {
    this.#received += bytes
    return () => {
      this.#parsed += bytes
      parsed()
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const { behind, unacknowledged, link } = this.#state
    const waits = this.#attachment().unacknowledged
    behind.value = this.#received - this.#parsed
    unacknowledged.value = Math.min(waits, this.#waited)
    this.#waited = waits
    const attached = link.peek().kind === 'attached'
    if (attached && !document.hidden && this.#looks++ % LOOKS_PER_PING === 0) void this.#ping()
    if (!attached) this.#looks = 0
  }

  async #ping(): Promise<void> {
    const ms = await this.#attachment()
      .ping()
      .catch(() => null)
    this.#state.rttMs.value = ms
  }
}
