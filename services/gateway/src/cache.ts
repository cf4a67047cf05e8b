/** A bounded map that drops what was used longest ago; an entry is fresh for a while and stays as a last resort after that. */

export class Cache<V> {
  readonly #maxEntries: number
  readonly #ttlMs: number
  readonly #entries = new Map<string, { value: V; staleAt: number }>()

  constructor(maxEntries: number, ttlMs: number) {
    this.#maxEntries = maxEntries
    this.#ttlMs = ttlMs
  }

  get(key: string, now = performance.now()): { value: V; fresh: boolean } | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key) // a Map keeps insertion order: put back, it is the youngest
    this.#entries.set(key, entry)
    return { value: entry.value, fresh: now < entry.staleAt }
  }

  set(key: string, value: V, now = performance.now()): void {
    this.#entries.delete(key)
    this.#entries.set(key, { value, staleAt: now + this.#ttlMs })
    if (this.#entries.size > this.#maxEntries) this.#entries.delete(this.#entries.keys().next().value ?? key)
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }
}
