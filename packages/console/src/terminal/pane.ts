/** One xterm.js on the page: its renderer, keys, theme and size; knows bytes, nothing of sessions. */
import { QueryFilter, WholeCharacters } from '@holdfast/client'
import { cureResizes, type TerminalColors } from '@holdfast/protocol'
import { FitAddon } from '@xterm/addon-fit'
import { WebglAddon } from '@xterm/addon-webgl'
import { Terminal } from '@xterm/xterm'
import '@xterm/xterm/css/xterm.css'
import { cureErase } from './erase-cure.ts'
import { muteFocusReports } from './focus-reports.ts'
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
  /** The user wants to leave the terminal by keyboard: every other key belongs to the session. */
  onLeave(): void
}

const FONT = 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace'
const FIT_DELAY_MS = 100
const SCROLLBACK_LINES = 5000

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

/** Ctrl+Shift+C copies a selection, Ctrl+F6 leaves; paste and Cmd+C are the browser's own. */
const handleKeys = (terminal: Terminal, onLeave: () => void): void => {
  terminal.attachCustomKeyEventHandler((event) => {
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
  readonly #fit = new FitAddon()
  readonly #stop = new AbortController()
  readonly #element: HTMLElement
  #filter = new QueryFilter()
  #whole = new WholeCharacters()
  /** The session has more rows than there is room for: another window has set its size. */
  #tall = false

  constructor(element: HTMLElement, hooks: PaneHooks) {
    this.#element = element
    this.#terminal = new Terminal({
      fontFamily: FONT,
      fontSize: 14,
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
    this.#terminal.open(element)
    useWebgl(this.#terminal)
    this.#connect(hooks)
    this.#watchSize(hooks)
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
  }

  #watchSize(hooks: PaneHooks): void {
    let timer: ReturnType<typeof setTimeout> | undefined
    const observer = new ResizeObserver(() => {
      clearTimeout(timer)
      timer = setTimeout(() => {
        const size = this.fitSize()
        this.#tall = this.#terminal.rows > size.rows
        hooks.onFit(size)
      }, FIT_DELAY_MS)
    })
    observer.observe(this.#element)
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
    this.#terminal.write(this.#whole.push(this.#filter.push(bytes)), parsed)
  }

  reset(): void {
    this.#filter = new QueryFilter()
    this.#whole = new WholeCharacters()
    this.#terminal.write(RESET)
  }

  /** Takes effect after everything written so far, as it did in the session. */
  resize({ cols, rows }: Size): void {
    this.#terminal.write('', () => {
      this.#terminal.resize(cols, rows)
      this.#tall = rows > this.fitSize().rows
    })
  }

  #followCursor(): void {
    const screen = this.#tall ? this.#element.querySelector('.xterm-screen') : null
    if (screen === null) return
    const height = screen.clientHeight / this.#terminal.rows
    const top = this.#terminal.buffer.active.cursorY * height
    const { scrollTop, clientHeight } = this.#element
    if (top < scrollTop) this.#element.scrollTop = top
    else if (top + height > scrollTop + clientHeight) this.#element.scrollTop = top + height - clientHeight
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
