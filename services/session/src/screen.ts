/** The terminal's state: fed with the output stream, it answers queries, knows the title, and makes snapshots. */
import { cureResizes, type ScreenFormat, type ScreenJson, type TerminalColors } from '@holdfast/protocol'
import serializer from '@xterm/addon-serialize'
import headless, { type ITerminalAddon } from '@xterm/headless'
import { Colors } from './colors.ts'
import { forgetsAfter, parse } from './feed.ts'
import { Keyboard } from './keyboard.ts'
import { guard } from './parser-guards.ts'
import { Queries, WINDOW_OPTIONS } from './queries.ts'
import { type Position, SequenceBoundary } from './sequence-boundary.ts'
import { type Core, coreOf } from './snapshot/internals.ts'
import { Snapshots } from './snapshot/snapshots.ts'

export interface ScreenOptions {
  cols: number
  rows: number
  scrollbackLines: number
  /** Told to programs that ask. */
  colors?: TerminalColors | undefined
}

export interface ScreenEvents {
  /** The screen is looked at: what the stream has more is to be written first. */
  catchUp?(): void
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

/** A sequence longer than this is passed over: an image may have megabytes, and the screen has no use for it. */
const MAX_HELD_BYTES = 64 * 1024
const NOTHING = Buffer.alloc(0)
const ENTER_ALTERNATE = '\x1b[?1049h\x1b[H'

export class Screen {
  readonly #terminal: InstanceType<typeof headless.Terminal>
  readonly #serializer = new serializer.SerializeAddon()
  readonly #boundary: SequenceBoundary
  readonly #snapshots: Snapshots
  readonly #colors = new Colors()
  readonly #queries: Queries
  readonly #core: Core
  readonly #events: ScreenEvents
  readonly #sweep: () => void
  /** The beginning of a sequence or character whose rest has not come: the parser always rests in its ground state. */
  #held: Buffer = NOTHING
  #position: Position = { at: 0, state: 0 }
  /** What `#held` begins with instead of a sequence too long to be held. */
  #opener: Buffer = NOTHING
  #received = 0

  constructor({ cols, rows, scrollbackLines, colors }: ScreenOptions, events: ScreenEvents) {
    this.#terminal = new headless.Terminal({
      cols,
      rows,
      scrollback: scrollbackLines,
      allowProposedApi: true,
      logLevel: 'off',
      windowOptions: WINDOW_OPTIONS,
    })
    cureResizes(this.#terminal)
    const core = coreOf(this.#terminal)
    this.#boundary = new SequenceBoundary(core._inputHandler._parser._transitions.table)
    this.#core = core
    this.#events = events
    if (colors !== undefined) this.#colors.seed(colors)
    this.#sweep = guard(core).sweep
    this.#queries = new Queries(this.#terminal, core, this.#colors, events.onReply)
    const keyboard = new Keyboard(core, events.onReply)
    this.#snapshots = new Snapshots(core, keyboard, this.#colors, this.#queries)
    this.#terminal.parser.registerEscHandler({ final: 'c' }, () => {
      keyboard.reset()
      this.#queries.reset()
      return false
    })
    // The addon is typed for the terminal with a window; it uses only what both have.
    this.#terminal.loadAddon(this.#serializer as unknown as ITerminalAddon)
    this.#terminal.onData(events.onReply)
    this.#terminal.onBell(events.onBell)
    this.#tell(events)
  }

  get title(): string {
    return this.#title
  }
  #title = ''

  /** The next bytes of the stream, which end at `offset`. */
  write(bytes: Buffer, offset = this.#received + bytes.length): void {
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    const { complete, at, state } = this.#boundary.scan(all, this.#position)
    this.#received = offset
    if (complete > 0) this.#opener = NOTHING
    this.#held = complete === all.length ? NOTHING : Buffer.from(all.subarray(complete))
    this.#position = { at: at - complete, state }
    if (this.#held.length > MAX_HELD_BYTES) this.#passOver()
    if (complete === 0) return
    parse(this.#core, all.subarray(0, complete))
    this.#sweep()
    this.#events.onParsed()
  }

  /** Line feeds after which nothing of the lines before is left; infinite while it cannot be told. */
  get forgetsAfter(): number {
    return this.#held.length > 0 ? Number.POSITIVE_INFINITY : forgetsAfter(this.#core)
  }

  /** Colours that programs are told when they have set none themselves: those of who looks. */
  seedColors(seed: TerminalColors): void {
    this.#events.catchUp?.()
    this.#colors.seed(seed)
    this.#queries.schemeChanged()
  }

  /** How the program wants to be typed to: pastes in brackets (DEC mode 2004), application cursor keys (DECCKM). */
  modes(): { bracketedPasteMode: boolean; applicationCursorKeysMode: boolean } {
    this.#events.catchUp?.()
    return this.#terminal.modes
  }

  /** Takes effect behind everything written before: it was made for the old size. */
  resize(cols: number, rows: number): void {
    this.#terminal.resize(cols, rows)
  }

  /** The offset of a snapshot asked for now; none ever has a lower one. */
  get snapshotOffset(): number {
    return this.#received - (this.#held.length - this.#opener.length)
  }

  /** At most `maxBytes` of it, by leaving out the oldest lines above the screen. */
  snapshot(maxBytes: number): Promise<Snapshot> {
    return this.#drained(() => {
      const [offset, opener] = [this.snapshotOffset, this.#opener]
      const { cols, rows } = this.#terminal
      const state = this.#snapshots.take(maxBytes - opener.length)
      return { offset, cols, rows, bytes: opener.length === 0 ? state : Buffer.concat([state, opener]) }
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

  /** Goes on as if a sequence had been begun that is ignored: so does who starts with a snapshot from here. */
  #passOver(): void {
    const { at, state } = this.#position
    this.#opener = this.#boundary.opener(state)
    this.#held = Buffer.concat([this.#opener, this.#held.subarray(at)])
    this.#position = this.#boundary.scan(this.#held)
  }

  /** Runs `make` on the state that all that was written leads to. */
  async #drained<T>(make: () => T): Promise<T> {
    this.#events.catchUp?.()
    return make()
  }

  #lines(scrollback: number): string[] {
    const { rows, buffer } = this.#terminal
    const first = Math.max(0, buffer.active.baseY - scrollback)
    return Array.from(
      { length: buffer.active.baseY + rows - first },
      (_, i) => buffer.active.getLine(first + i)?.translateToString(true) ?? '',
    )
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

  #tell({ onTitle }: ScreenEvents): void {
    this.#terminal.onTitleChange((title) => {
      this.#title = title
      onTitle(title)
    })
  }
}
