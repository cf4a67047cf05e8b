/** The parts of xterm.js that are not public and without which nothing can be drawn so that it leaves no trace. */
import type { IBufferCell, Terminal } from '@xterm/headless'

/** Attributes with which the next character is printed. */
export type Pen = Pick<
  IBufferCell,
  | 'isBold'
  | 'isDim'
  | 'isItalic'
  | 'isBlink'
  | 'isInverse'
  | 'isInvisible'
  | 'isStrikethrough'
  | 'isOverline'
  | 'isUnderline'
  | 'isFgRGB'
  | 'isBgRGB'
  | 'isFgDefault'
  | 'isBgDefault'
  | 'getFgColor'
  | 'getBgColor'
  | 'getFgColorMode'
  | 'getBgColorMode'
> & {
  isProtected(): number
  /** Style and colour of underlines, and a link. */
  extended: { _ext: number; urlId: number }
}

interface Parser {
  currentState: number
  precedingJoinState: number
  registerCsiHandler(id: { final: string }, handler: (parameters: { params: number[] }) => boolean): unknown
}

interface Core {
  cols: number
  rows: number
  buffers: { normal: { lines: { onTrim(listener: (count: number) => void): unknown } } }
  coreService: { isCursorHidden: boolean }
  /** Without a charset: ASCII. */
  _charsetService: { charset?: object; glevel: number }
  _inputHandler: {
    _parser: Parser
    _curAttrData: Pen
  }
  /** Parses at once, while `write` waits for a timer. */
  writeSync(bytes: Uint8Array): void
}

/** Throws when another version of xterm.js has them elsewhere. */
export const coreOf = (terminal: Terminal): Core => {
  const core = (terminal as unknown as { _core: Core })._core
  const { _curAttrData: pen, _parser: parser } = core._inputHandler
  const known = [
    typeof core.writeSync === 'function',
    typeof core.buffers.normal.lines.onTrim === 'function',
    typeof core.coreService.isCursorHidden === 'boolean',
    typeof core._charsetService.glevel === 'number',
    typeof parser.currentState === 'number' && typeof parser.precedingJoinState === 'number',
    typeof pen.isProtected === 'function',
    typeof pen.extended._ext === 'number' && typeof pen.extended.urlId === 'number',
  ]
  if (known.includes(false)) throw new Error(`this version of @xterm/headless is not known (${known.join(' ')})`)
  return core
}
