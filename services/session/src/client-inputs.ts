/** How many input bytes each client has typed: the count survives its reconnects, so that bytes sent again are typed once. */

/** Clients remembered; the one unheard of for longest is forgotten first, unless it is attached. */
const MAX_CLIENTS = 256

export class ClientInputs {
  /** In the order of last use. */
  readonly #offsets = new Map<string, number>()
  readonly #isAttached: (identity: string) => boolean

  constructor(isAttached: (identity: string) => boolean) {
    this.#isAttached = isAttached
  }

  offsetOf(identity: string): number {
    return this.#offsets.get(identity) ?? 0
  }

  set(identity: string, offset: number): void {
    this.#offsets.delete(identity)
    this.#offsets.set(identity, offset)
    if (this.#offsets.size <= MAX_CLIENTS) return
    for (const name of this.#offsets.keys()) {
      if (this.#isAttached(name)) continue
      this.#offsets.delete(name)
      return
    }
  }
}
