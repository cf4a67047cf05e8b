/** Answers what programs ask and xterm.js without a window leaves unanswered; what it answers itself stays its own. */
import { SUBPROTOCOL } from '@holdfast/protocol'
import type { Terminal } from '@xterm/headless'
import type { Colors } from './colors.ts'
import type { Core } from './snapshot/internals.ts'

/** XTWINOPS has to be allowed one by one. Titles may be pushed and popped, so that one set by an editor ends with it. */
export const WINDOW_OPTIONS = {
  getWinSizePixels: true,
  getCellSizePixels: true,
  getWinSizeChars: true,
  getScreenSizeChars: true,
  getIconTitle: true,
  getWinTitle: true,
  pushTitle: true,
  popTitle: true,
} as const

/** Nobody's font is known here; programs only need the ratio. */
const CELL = { width: 8, height: 16 } as const
/** More names in one XTGETTCAP than any program asks. */
const MAX_NAMES = 32
const SCHEME_UPDATES = 2031
const BLINK = 12
const CAPABILITIES: Readonly<Record<string, string>> = { TN: 'xterm-256color', Co: '256', colors: '256', RGB: '8' }

const hex = (text: string): string => Buffer.from(text).toString('hex').toUpperCase()

/** XTGETTCAP: names and values in hexadecimal. */
const capability = (name: string): string => {
  const value = /^([\da-f]{2})+$/i.test(name) ? CAPABILITIES[Buffer.from(name, 'hex').toString('latin1')] : undefined
  return value === undefined ? `\x1bP0+r${name}\x1b\\` : `\x1bP1+r${name}=${hex(value)}\x1b\\`
}

/** Titles are told as empty: else a program's output could have its own text typed into the shell. */
const windowReport = (what: number, { cols, rows }: Core): string | null => {
  if (what === 14) return `\x1b[4;${rows * CELL.height};${cols * CELL.width}t`
  if (what === 16) return `\x1b[6;${CELL.height};${CELL.width}t`
  if (what === 19) return `\x1b[9;${rows};${cols}t`
  if (what === 20) return '\x1b]L\x1b\\'
  return what === 21 ? '\x1b]l\x1b\\' : null
}

export class Queries {
  readonly #colors: Colors
  readonly #answer: (text: string) => void
  /** DEC mode 2031: is told when the colour scheme changes. */
  #tellsScheme = false
  /** Whether the program has said that the cursor blinks: else that is the viewer's choice. No reset changes it. */
  #blinks: boolean | undefined

  constructor(terminal: Terminal, core: Core, colors: Colors, answer: (text: string) => void) {
    this.#colors = colors
    this.#answer = answer
    this.#identity(terminal)
    this.#scheme(core)
    const { _parser: parser } = core._inputHandler
    terminal.parser.registerCsiHandler({ final: 't' }, ([what]) => this.#said(windowReport(Number(what), core)))
    core._inputHandler.onColor((events) => {
      const text = colors.handle(events)
      if (text !== '') answer(text)
    })
    parser.registerCsiHandler({ prefix: '?', intermediates: '$', final: 'p' }, ({ params }) =>
      this.#said(params[0] === SCHEME_UPDATES ? `\x1b[?${SCHEME_UPDATES};${this.#tellsScheme ? 1 : 2}$y` : null),
    )
  }

  /** The defaults have changed. */
  schemeChanged(): void {
    if (this.#tellsScheme) this.#answer(this.#schemeReport())
  }

  reset(): void {
    this.#tellsScheme = false
  }

  dump(): string {
    const blink = this.#blinks === undefined ? '' : `\x1b[?${BLINK}${this.#blinks ? 'h' : 'l'}`
    return blink + (this.#tellsScheme ? `\x1b[?${SCHEME_UPDATES}h` : '')
  }

  #said(text: string | null): boolean {
    if (text !== null) this.#answer(text)
    return text !== null
  }

  #schemeReport(): string {
    return `\x1b[?997;${this.#colors.scheme}n`
  }

  #identity({ parser }: Terminal): void {
    // XTVERSION, DA3 and XTGETTCAP
    parser.registerCsiHandler({ prefix: '>', final: 'q' }, () => this.#said(`\x1bP>|${SUBPROTOCOL}\x1b\\`))
    parser.registerCsiHandler({ prefix: '=', final: 'c' }, ([kind]) =>
      this.#said(kind === 0 ? '\x1bP!|00000000\x1b\\' : null),
    )
    parser.registerDcsHandler({ intermediates: '+', final: 'q' }, (names) =>
      this.#said(names.split(';', MAX_NAMES).map(capability).join('')),
    )
  }

  #scheme({ _inputHandler: { _parser: parser } }: Core): void {
    parser.registerCsiHandler({ prefix: '?', final: 'n' }, ({ params }) =>
      this.#said(params[0] === 996 ? this.#schemeReport() : null),
    )
    for (const [final, on] of [
      ['h', true],
      ['l', false],
    ] as const) {
      parser.registerCsiHandler({ prefix: '?', final }, ({ params, length }) => {
        for (let i = 0; i < length; i++) {
          if (params[i] === SCHEME_UPDATES) this.#tellsScheme = on
          if (params[i] === BLINK) this.#blinks = on
        }
        return false
      })
    }
  }
}
