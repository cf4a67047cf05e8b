/** Cumulative acknowledgement of output: what the terminal has parsed, in order, told every ACK_BYTES or ACK_DELAY_MS. */
import { ACK_BYTES, ACK_DELAY_MS } from '@holdfast/protocol'

interface Delivery {
  /** Offset after these bytes. */
  readonly end: number
  parsed: boolean
}

export class Acks {
  readonly #send: (offset: number) => void
  #deliveries: Delivery[] = []
  #parsed = 0
  #sent = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(send: (offset: number) => void) {
    this.#send = send
  }

  /** Another stream, or a jump in this one: what was delivered before counts no more. */
  restart(): void {
    this.stop()
    this.#deliveries = []
    this.#parsed = 0
    this.#sent = 0
  }

  /** A new connection goes on at `offset`: the host takes all below it as parsed, so smaller acks are never sent. */
  resume(offset: number): void {
    this.stop()
    this.#sent = offset
  }

  /** Bytes up to `end` go to the terminal now. Returns what to call when it has parsed them, in any order, once or more. */
  deliver(end: number): () => void {
    const delivery = { end, parsed: false }
    this.#deliveries.push(delivery)
    return () => {
      delivery.parsed = true
      this.#advance()
    }
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #advance(): void {
    let count = 0
    for (const { end, parsed } of this.#deliveries) {
      if (!parsed) break
      this.#parsed = end
      count++
    }
    this.#deliveries.splice(0, count)
    const due = this.#parsed - this.#sent
    if (due >= ACK_BYTES) this.#flush()
    else if (due > 0) this.#timer ??= setTimeout(() => this.#flush(), ACK_DELAY_MS)
  }

  #flush(): void {
    this.stop()
    if (this.#parsed <= this.#sent) return
    this.#sent = this.#parsed
    this.#send(this.#parsed)
  }
}
