/** Takes snapshots of a terminal that fit into a given number of bytes. */

import { isContinuation } from '@holdfast/protocol'
import { Dump, type Extras } from './dump.ts'
import type { Core } from './internals.ts'

/** Sequences, of one screen or of none, that bring back what xterm.js does not keep. */
interface KeyboardState {
  dumpGlobal(): string
  dump(screen: 'normal' | 'alternate'): string
}
interface State {
  dump(): string
}

/** xterm.js parses so much at once. */
const PIECE_BYTES = 131_072

/**
 * xterm.js 6.0 loses a character that lies across two of its pieces when the second byte is 0x80 (Utf8ToUtf32.decode),
 * so none does: NUL, which terminals ignore, moves it into the next.
 */
const aligned = (bytes: Buffer): Buffer => {
  const parts: Buffer[] = []
  let from = 0
  while (bytes.length - from > PIECE_BYTES) {
    let to = from + PIECE_BYTES
    // Back to before the last ASCII character: what combines with it has to follow at once.
    while (to > from + 1 && isContinuation(bytes[to])) to--
    if (to < from + PIECE_BYTES) while (to > from + 1 && (bytes[to] as number) >= 0x80) to--
    parts.push(bytes.subarray(from, to), Buffer.alloc(from + PIECE_BYTES - to))
    from = to
  }
  return parts.length === 0 ? bytes : Buffer.concat([...parts, bytes.subarray(from)])
}

export class Snapshots {
  readonly #core: Core
  readonly #extras: Extras

  constructor(core: Core, keyboard: KeyboardState, colors: State, queries: State) {
    this.#core = core
    this.#extras = {
      global: () => colors.dump() + queries.dump() + keyboard.dumpGlobal(),
      screen: (name) => keyboard.dump(name),
    }
  }

  /** At most `maxBytes`, by leaving out the oldest lines. Only while nothing is in the parser. */
  take(maxBytes: number): Buffer {
    const { normal, alt, active } = this.#core.buffers
    const all = normal.lines.length + (active === alt ? alt.lines.length : 0)
    for (let first = 0; ; ) {
      const { text, lineBytes } = new Dump(this.#core, this.#extras, first).write()
      const bytes = aligned(Buffer.from(text))
      if (bytes.length <= maxBytes || first >= all) return bytes
      let excess = bytes.length - maxBytes
      for (const length of lineBytes) {
        if (excess <= 0 || first >= all) break
        excess -= length
        first++
      }
    }
  }
}
