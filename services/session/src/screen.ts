/** The terminal's state: fed with the output stream, it answers queries, knows the title, and makes snapshots. */
import { type ScreenFormat, type ScreenJson, SUBPROTOCOL, type TerminalColors } from '@holdfast/protocol'
import serializer from '@xterm/addon-serialize'
import headless, { type ITerminalAddon } from '@xterm/headless'
import { paletteReply, specialColorReply } from './color-queries.ts'
import { completeLength } from './sequence-boundary.ts'

export interface ScreenOptions {
  cols: number
  rows: number
  scrollbackLines: number
}

export interface ScreenEvents {
  /** An answer to a program's query, for the terminal's input. */
  onReply(text: string): void
  onTitle(title: string): void
  onBell(): void
  /** Some of what was written is on the screen now. */
  onParsed(): void
}

export interface Snapshot {
  /** The state is that of the stream up to here. */
  offset: number
  cols: number
  rows: number
  /** Recreates the state in a freshly reset terminal. */
  bytes: Buffer
}

/** A sequence longer than this is fed in parts: an image may have megabytes, and a snapshot in its midst is not worth them. */
const MAX_HELD_BYTES = 64 * 1024
const ENTER_ALTERNATE = '\x1b[?1049h\x1b[H'

export class Screen {
  readonly #terminal: InstanceType<typeof headless.Terminal>
  readonly #serializer = new serializer.SerializeAddon()
  /** The beginning of a sequence or character whose rest has not come: the parser always rests in its ground state. */
  #held: Buffer = Buffer.alloc(0)
  #colors: TerminalColors = {}
  #fed = 0
  #parsed = 0

  constructor({ cols, rows, scrollbackLines }: ScreenOptions, events: ScreenEvents) {
    this.#terminal = new headless.Terminal({
      cols,
      rows,
      scrollback: scrollbackLines,
      allowProposedApi: true,
      logLevel: 'off',
      windowOptions: { getWinSizeChars: true },
    })
    // The addon is typed for the terminal with a window; it uses only what both have.
    this.#terminal.loadAddon(this.#serializer as unknown as ITerminalAddon)
    this.#terminal.onData(events.onReply)
    this.#terminal.onBell(events.onBell)
    this.#terminal.onWriteParsed(events.onParsed)
    this.#answerQueries(events)
  }

  /** Offset up to which the state is complete; a snapshot never has a lower one. */
  get parsed(): number {
    return this.#parsed
  }

  /** Bytes written but not parsed yet. */
  get backlog(): number {
    return this.#fed - this.#parsed
  }

  get title(): string {
    return this.#title
  }
  #title = ''

  /** The colours that programs are told when they ask. */
  seedColors(colors: TerminalColors): void {
    this.#colors = colors
  }

  write(bytes: Buffer): void {
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    const complete = completeLength(all)
    const length = all.length - complete > MAX_HELD_BYTES ? all.length : complete
    this.#held = length === all.length ? Buffer.alloc(0) : Buffer.from(all.subarray(length))
    if (length === 0) return
    this.#fed += length
    const upTo = this.#fed
    this.#terminal.write(all.subarray(0, length), () => {
      this.#parsed = upTo
    })
  }

  /** Takes effect behind everything written before: it was made for the old size. */
  resize(cols: number, rows: number): void {
    this.#terminal.write('', () => this.#terminal.resize(cols, rows))
  }

  /** The offset of a snapshot asked for now. */
  get snapshotOffset(): number {
    return this.#fed
  }

  /** At most `maxBytes` of it, by leaving out the oldest lines above the screen. */
  snapshot(maxBytes: number): Promise<Snapshot> {
    return this.#drained(() => {
      const { cols, rows, buffer } = this.#terminal
      let scrollback = buffer.normal.baseY
      let bytes = Buffer.from(this.#serializer.serialize({ scrollback }))
      while (bytes.length > maxBytes && scrollback > 0) {
        scrollback = Math.floor(scrollback / 2)
        bytes = Buffer.from(this.#serializer.serialize({ scrollback }))
      }
      return { offset: this.#parsed, cols, rows, bytes }
    })
  }

  /** The visible lines and `scrollback` lines above them. */
  render(format: ScreenFormat, scrollback: number): Promise<string> {
    return this.#drained(() => {
      if (format === 'html') return this.#serializer.serializeAsHTML({ scrollback, includeGlobalBackground: true })
      if (format === 'ansi') return this.#ansi(scrollback)
      const lines = this.#lines(scrollback)
      return format === 'json' ? JSON.stringify(this.#json(lines)) : `${lines.join('\n').trimEnd()}\n`
    })
  }

  /** The visible lines as they are now, without waiting for what is still to be parsed. */
  visibleText(): string {
    return this.#lines(0).join('\n')
  }

  /** Runs `make` when all that was written before is parsed, before anything after it is. */
  #drained<T>(make: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#terminal.write('', () => {
        try {
          resolve(make())
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  #lines(scrollback: number): string[] {
    const { active } = this.#terminal.buffer
    const first = Math.max(0, active.baseY - scrollback)
    const count = active.baseY + this.#terminal.rows - first
    return Array.from({ length: count }, (_, i) => active.getLine(first + i)?.translateToString(true) ?? '')
  }

  #json(lines: string[]): ScreenJson {
    const { cols, rows, buffer } = this.#terminal
    const { cursorX: x, cursorY: y, type } = buffer.active
    return { cols, rows, cursor: { x, y }, title: this.#title, alternate: type === 'alternate', lines }
  }

  /** What shows, without modes that would change the terminal it is printed on. */
  #ansi(scrollback: number): string {
    const text = this.#serializer.serialize({ scrollback, excludeModes: true })
    if (this.#terminal.buffer.active.type === 'normal') return text
    return text.slice(text.indexOf(ENTER_ALTERNATE) + ENTER_ALTERNATE.length)
  }

  /** What xterm.js without a window leaves unanswered or does not know. */
  #answerQueries({ onReply, onTitle }: ScreenEvents): void {
    const { parser } = this.#terminal
    const answer = (reply: string | null): boolean => {
      if (reply !== null) onReply(reply)
      return reply !== null
    }
    parser.registerOscHandler(4, (data) => answer(paletteReply(data, this.#colors)))
    for (const code of [10, 11, 12]) {
      parser.registerOscHandler(code, (data) => answer(specialColorReply(code, data, this.#colors)))
    }
    // XTVERSION
    parser.registerCsiHandler({ prefix: '>', final: 'q' }, () => answer(`\x1bP>|${SUBPROTOCOL}\x1b\\`))
    this.#terminal.onTitleChange((title) => {
      this.#title = title
      onTitle(title)
    })
  }
}
