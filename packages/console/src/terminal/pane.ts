/** One xterm.js on the page: its renderer, keys, theme and size; knows bytes, nothing of sessions. */
import { QueryFilter, type Sight, WholeCharacters } from '@holdfast/client'
import { cureResizes, type TerminalColors } from '@holdfast/protocol'
import { FitAddon } from '@xterm/addon-fit'
import { SearchAddon } from '@xterm/addon-search'
import { WebglAddon } from '@xterm/addon-webgl'
import { Terminal } from '@xterm/xterm'
import '@xterm/xterm/css/xterm.css'
import { actionOf, actions } from '../keys/actions.ts'
import { look } from '../look.ts'
import { copyAsHtml } from './copy-html.ts'
import { cureErase } from './erase-cure.ts'
import { muteFocusReports } from './focus-reports.ts'
import { showImages } from './images.ts'
import type { BarKey } from './key-sequences.ts'
import { followLinks } from './links.ts'
import { Marks } from './marks.ts'
import { Overlay } from './overlay.ts'
import { guardPaste } from './paste-guard.ts'
import { colorsOf, followTheme } from './theme.ts'

export interface Size {
  cols: number
  rows: number
}

export interface PaneHooks {
  onInput(data: string | Uint8Array): void
  /** The size that would fill the element, at the start and when it changes. */
  onFit(size: Size): void
  /** Of the theme, at the start and when it changes. */
  onColors(colors: TerminalColors): void
  onTitle(title: string): void
  onBell(): void
  /** A paste that the user is to be asked about; `paste` does it. */
  onRiskyPaste(text: string): void
  /** The address of the link under the mouse. */
  onAddress(address: string | null): void
  onFound(found: { at: number; count: number } | null): void
  /** The user wants to leave the terminal by keyboard: every other key belongs to the session. */
  onLeave(): void
}

const USUAL_FONT = 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace'
/** xterm.js lets the page go on only between two writes. */
const PIECE_BYTES = 16 * 1024
const FIT_DELAY_MS = 100
const SCROLLBACK_LINES = 5000
const FOUND = {
  matchBackground: '#8a6d1f',
  matchOverviewRuler: '#8a6d1f',
  activeMatchBackground: '#c2410c',
  activeMatchColorOverviewRuler: '#c2410c',
}

/** In the stream, so that it takes effect in order: ends any open sequence, full reset, default colours, no newline mode. */
const RESET = '\x18\x1bc\x1b]104\x07\x1b]110\x07\x1b]111\x07\x1b]112\x07\x1b[20l'

/** The browser may say that WebGL would be slow here; then the DOM is the better renderer. */
const hasFastWebgl = (): boolean =>
  document.createElement('canvas').getContext('webgl2', { failIfMajorPerformanceCaveat: true }) !== null

const useWebgl = (terminal: Terminal): void => {
  if (!hasFastWebgl()) return
  try {
    const webgl = new WebglAddon()
    webgl.onContextLoss(() => webgl.dispose()) // xterm.js goes on with its DOM renderer
    terminal.loadAddon(webgl)
  } catch {
    // The DOM renderer is in place already.
  }
}

const copySelection = async (terminal: Terminal): Promise<void> => {
  if (navigator.clipboard) await navigator.clipboard.writeText(terminal.getSelection())
  else document.execCommand('copy') // a page served by plain http has no clipboard API
}

/**
 * Ctrl+Shift+C copies a selection, Ctrl+F6 leaves; paste and Cmd+C are the browser's own. The page's keys are Ctrl+Shift and a
 * letter, for which xterm.js has no sequence: they pass, and all others are the session's.
 */
const handleKeys = (terminal: Terminal, onLeave: () => void): void => {
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.ctrlKey && event.shiftKey && actionOf(event, actions.peek())) return false
    const copies = event.ctrlKey && event.shiftKey && event.code === 'KeyC' && terminal.hasSelection()
    const leaves = event.ctrlKey && event.key === 'F6'
    if (!copies && !leaves) return true
    event.preventDefault()
    if (event.type === 'keydown' && copies) void copySelection(terminal)
    if (event.type === 'keydown' && leaves) onLeave()
    return false
  })
}

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0))

export class Pane {
  readonly #terminal: Terminal
  readonly #search = new SearchAddon()
  readonly #marks: Marks
  readonly #overlay: Overlay
  readonly #fit = new FitAddon()
  readonly #stop = new AbortController()
  /** What is seen of the room: it is smaller while a soft keyboard is up. */
  readonly #view: HTMLElement
  #filter = new QueryFilter()
  #whole = new WholeCharacters()
  /** Pieces of output that wait to be parsed. */
  #waiting = 0

  constructor(view: HTMLElement, hooks: PaneHooks) {
    this.#view = view
    const room = view.appendChild(document.createElement('div'))
    room.className = 'terminal-room'
    this.#terminal = new Terminal({
      allowProposedApi: true, // decorations
      fontFamily: look.peek().font || USUAL_FONT,
      fontSize: look.peek().fontSize,
      screenReaderMode: look.peek().screenReader,
      scrollback: SCROLLBACK_LINES,
      minimumContrastRatio: 4.5,
      macOptionIsMeta: true,
      windowOptions: { pushTitle: true, popTitle: true }, // as the session host's screen keeps it
      cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
    })
    this.#terminal.loadAddon(this.#fit)
    cureErase(this.#terminal)
    cureResizes(this.#terminal)
    followTheme((theme) => {
      this.#terminal.options.theme = theme
      hooks.onColors(colorsOf(theme))
    }, this.#stop.signal)
    this.#terminal.open(room)
    useWebgl(this.#terminal)
    showImages(this.#terminal)
    this.#marks = new Marks(this.#terminal)
    this.#overlay = new Overlay(this.#terminal)
    this.#connect(hooks)
    this.#watchSize(room, hooks)
    this.#followLook(hooks)
  }

  #connect(hooks: PaneHooks): void {
    const muted = muteFocusReports(this.#terminal)
    this.#terminal.onData((data) => {
      if (!muted()) hooks.onInput(data)
    })
    this.#terminal.onBinary((data) => hooks.onInput(latin1(data))) // mouse reports of the oldest encoding
    this.#terminal.onTitleChange(hooks.onTitle)
    this.#terminal.onBell(hooks.onBell)
    this.#terminal.onRender(() => this.#followCursor())
    handleKeys(this.#terminal, hooks.onLeave)
    guardPaste(this.#terminal, this.#view, this.#stop.signal, hooks.onRiskyPaste)
    followLinks(this.#terminal, hooks.onAddress)
    this.#terminal.loadAddon(this.#search)
    this.#search.onDidChangeResults(({ resultIndex, resultCount }) =>
      hooks.onFound({ at: resultIndex + 1, count: resultCount }),
    )
  }

  #followLook(hooks: PaneHooks): void {
    const end = look.subscribe(({ font, fontSize, screenReader }) => {
      const { options } = this.#terminal
      options.screenReaderMode = screenReader
      const fontFamily = font || USUAL_FONT
      if (options.fontFamily === fontFamily && options.fontSize === fontSize) return
      options.fontFamily = fontFamily
      options.fontSize = fontSize
      hooks.onFit(this.fitSize())
    })
    this.#stop.signal.addEventListener('abort', end)
  }

  #watchSize(room: HTMLElement, hooks: PaneHooks): void {
    let timer: ReturnType<typeof setTimeout> | undefined
    const observer = new ResizeObserver(() => {
      clearTimeout(timer)
      timer = setTimeout(() => room.clientHeight > 0 && hooks.onFit(this.fitSize()), FIT_DELAY_MS)
    })
    observer.observe(room)
    this.#stop.signal.addEventListener('abort', () => {
      clearTimeout(timer)
      observer.disconnect()
    })
  }

  /** The size that fills the element. */
  fitSize(): Size {
    const { cols, rows } = this.#terminal
    const fit = this.#fit.proposeDimensions()
    return fit && Number.isFinite(fit.cols) && Number.isFinite(fit.rows) ? fit : { cols, rows }
  }

  /** Of the session's output; the terminal answers nothing of it, for the session host does. */
  write(bytes: Uint8Array, parsed?: () => void): void {
    const show = (piece: Uint8Array, done?: () => void): void =>
      this.#terminal.write(this.#whole.push(this.#filter.push(piece)), done)
    this.#waiting++
    let at = 0
    for (; at + PIECE_BYTES < bytes.length; at += PIECE_BYTES) show(bytes.subarray(at, at + PIECE_BYTES))
    show(bytes.subarray(at), () => {
      this.#waiting--
      parsed?.()
    })
  }

  /** What guesses need to know of what is drawn. */
  get drawn(): Sight {
    return this.#overlay.sight
  }

  /** The same; null while output waits, for nobody knows where the cursor will be. */
  sight(): Sight | null {
    return this.#waiting === 0 ? this.drawn : null
  }

  /** Lays text over what is behind the cursor, in place of what was laid there. */
  overlay(text: string): void {
    this.#overlay.show(text)
  }

  afterOutput(run: () => void): void {
    this.#terminal.write('', run)
  }

  reset(): void {
    this.#filter = new QueryFilter()
    this.#whole = new WholeCharacters()
    this.#terminal.write(RESET, () => this.#marks.clear())
  }

  /** Takes effect after everything written so far, as it did in the session. */
  resize({ cols, rows }: Size): void {
    this.afterOutput(() => this.#terminal.resize(cols, rows))
  }

  /** The row of the cursor stays in view where the session is taller than what is seen: another window's size, or a soft keyboard. */
  #followCursor(): void {
    const { scrollTop, clientHeight, scrollHeight } = this.#view
    const screen = scrollHeight > clientHeight ? this.#view.querySelector('.xterm-screen') : null
    if (screen === null) return
    const height = screen.clientHeight / this.#terminal.rows
    const top = this.#terminal.buffer.active.cursorY * height
    if (top < scrollTop) this.#view.scrollTop = top
    else if (top + height > scrollTop + clientHeight) this.#view.scrollTop = top + height - clientHeight
  }

  /** Marks all, and shows the next one down or up; '' ends the search. */
  find(text: string, by: 1 | -1, incremental = false): void {
    const options = { decorations: FOUND, incremental }
    if (text === '') this.#search.clearDecorations()
    else if (by > 0) this.#search.findNext(text, options)
    else this.#search.findPrevious(text, options)
  }

  /** To the command above or below. */
  jump(by: 1 | -1): void {
    this.#marks.jump(by)
  }

  /** Resolves with what to tell the user. */
  copyAsHtml(): Promise<string> {
    return copyAsHtml(this.#terminal)
  }

  /** As a terminal pastes. */
  paste(text: string): void {
    this.#terminal.paste(text)
  }

  /** A key of the key bar: arrows as the program asked for (DECCKM). */
  press({ sequence, application = sequence }: BarKey): void {
    this.#terminal.input(this.#terminal.modes.applicationCursorKeysMode ? application : sequence)
  }

  setReadOnly(readOnly: boolean): void {
    this.#terminal.options.disableStdin = readOnly
    this.#terminal.options.cursorInactiveStyle = readOnly ? 'none' : 'outline'
  }

  focus(): void {
    this.#terminal.focus()
  }

  dispose(): void {
    this.#stop.abort()
    this.#terminal.dispose()
  }
}
