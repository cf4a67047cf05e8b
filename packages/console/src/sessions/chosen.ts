/** What is marked in the list: one row by the keyboard, and any number to be ended together. By id, for the list moves. */
import { signal } from '@preact/signals'

export class Chosen {
  /** Id of the row that the keys are on. */
  readonly row = signal<string | null>(null)
  readonly ids = signal<ReadonlySet<string>>(new Set())
  /** Where a range begins. */
  #anchor: string | null = null

  /** Up or down among `shown`. */
  move(shown: readonly { id: string }[], step: number): void {
    const at = shown.findIndex(({ id }) => id === this.row.peek())
    const next = Math.max(0, Math.min(shown.length - 1, at + step))
    this.row.value = shown[next]?.id ?? null
  }

  /** With `range`: all from the one before to this one, as they are shown. */
  toggle(id: string, shown: readonly { id: string }[], range = false): void {
    const ids = new Set(this.ids.peek())
    const from = shown.findIndex((session) => session.id === this.#anchor)
    const to = shown.findIndex((session) => session.id === id)
    if (range && from >= 0 && to >= 0)
      for (const session of shown.slice(Math.min(from, to), Math.max(from, to) + 1)) ids.add(session.id)
    else if (!ids.delete(id)) ids.add(id)
    this.#anchor = id
    this.ids.value = ids
  }

  all(shown: readonly { id: string }[]): void {
    const every = shown.every(({ id }) => this.ids.peek().has(id))
    this.ids.value = every ? new Set() : new Set(shown.map(({ id }) => id))
  }

  none(): void {
    this.ids.value = new Set()
  }
}
