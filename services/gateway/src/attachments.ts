/** The live attachments of this process: how many each principal has, who is silent, and how all are sent away. */
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '@holdfast/protocol'
import { clockMs, type Relay } from './relay.ts'

const SWEEP_MS = 5000
/** Closes are spread so that the clients do not all connect to the next gateway at once, but over 5 s at most: Docker kills after 10. */
const DRAIN_STEP_MS = 20
const DRAIN_STEPS = 250
const MIN_DRAIN_BATCH = 20

export class Attachments {
  draining = false
  readonly #maxEach: number
  readonly #counts = new Map<string, number>()
  readonly #relays = new Set<Relay>()
  readonly #sweeper = setInterval(() => this.sweep(clockMs()), SWEEP_MS).unref()

  constructor(maxEach: number) {
    this.#maxEach = maxEach
  }

  /** A place for one socket of this principal; throws TOO_MANY. The function returned gives it back. */
  take(principal: string): () => void {
    const count = this.#counts.get(principal) ?? 0
    if (count >= this.#maxEach) throw new HoldfastError('TOO_MANY', `${count} attachments are open already`)
    this.#counts.set(principal, count + 1)
    return () => {
      const left = (this.#counts.get(principal) ?? 1) - 1
      if (left > 0) this.#counts.set(principal, left)
      else this.#counts.delete(principal)
    }
  }

  /** Resolves when the relay is over. */
  async hold(relay: Relay): Promise<void> {
    this.#relays.add(relay)
    if (this.draining) relay.drain() // it was dialling when the drain began
    await relay.done
    this.#relays.delete(relay)
  }

  sweep(now: number): void {
    for (const relay of this.#relays) relay.sweep(now)
  }

  /** No new ones from here on; resolves when all that live are closed. */
  async drain(): Promise<void> {
    this.draining = true
    const relays = [...this.#relays]
    const batch = Math.max(MIN_DRAIN_BATCH, Math.ceil(relays.length / DRAIN_STEPS))
    for (let from = 0; from < relays.length; from += batch) {
      for (const relay of relays.slice(from, from + batch)) relay.drain()
      await delay(DRAIN_STEP_MS)
    }
    while (this.#relays.size > 0) await Promise.all([...this.#relays].map((relay) => relay.done))
  }

  stop(): void {
    clearInterval(this.#sweeper)
  }
}
