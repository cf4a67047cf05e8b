/** What of @xterm/headless 6.0 a snapshot needs that its API does not show: a state that cannot be read cannot be restored. */
import type { Terminal } from '@xterm/headless'

/** `true` for a character map; its entries translate what is printed below 127. */
export type Charset = Record<string, string> | undefined

export interface ExtendedAttributes {
  /** Underline style and colour as stored, not as a link overrides them. */
  _ext: number
  urlId: number
}

export interface PenState {
  fg: number
  bg: number
  extended: ExtendedAttributes
}

export interface Line {
  isWrapped: boolean
  length: number
  /** Three numbers a cell: content (character and width), foreground and background, both with flags. */
  _data: Uint32Array
  _combined: Record<number, string>
  _extendedAttrs: Record<number, ExtendedAttributes | undefined>
}

export interface Marker {
  line: number
  dispose(): void
}

export interface BufferState {
  lines: { length: number; maxLength: number; get(index: number): Line | undefined }
  x: number
  y: number
  ybase: number
  scrollTop: number
  scrollBottom: number
  tabs: Record<number, boolean | undefined>
  savedX: number
  /** Counted from the oldest line above the screen. */
  savedY: number
  savedCurAttrData: PenState
  savedCharset: Charset
  markers: Marker[]
}

export interface DecPrivateModes {
  applicationCursorKeys: boolean
  applicationKeypad: boolean
  bracketedPasteMode: boolean
  cursorBlink: boolean | undefined
  cursorStyle: 'block' | 'underline' | 'bar' | undefined
  origin: boolean
  reverseWraparound: boolean
  sendFocus: boolean
  wraparound: boolean
}

/** Parameters of a control sequence, before anybody has seen them. */
export interface Parameters {
  params: Int32Array | number[]
  length: number
}

export interface ColorEvent {
  /** 0 asks, 1 sets, 2 restores; without an index it restores the whole palette. */
  type: 0 | 1 | 2
  /** 0–255, then foreground, background, cursor. */
  index?: number
  color?: readonly [number, number, number]
}

interface SequenceId {
  prefix?: string
  intermediates?: string
  final: string
}

export interface Parser {
  currentState: number
  /** Of the character printed last, if nothing else came since: bit 0 joined, then its width. */
  precedingJoinState: number
  /** Source: EscapeSequenceParser.TransitionTable: state << 8 | code gives action << 4 | next state. */
  _transitions: { table: Uint8Array }
  registerCsiHandler(id: SequenceId, handler: (parameters: Parameters) => boolean): void
}

export interface InputHandler {
  _parser: Parser
  _utf8Decoder: { interim: Uint8Array }
  _curAttrData: PenState
  _windowTitle: string
  _iconName: string
  _windowTitleStack: string[]
  _iconNameStack: string[]
  eraseInLine(parameters: Parameters, keepProtected: boolean): boolean
  eraseInDisplay(parameters: Parameters, keepProtected: boolean): boolean
  onColor(listener: (events: ColorEvent[]) => void): void
}

interface Link {
  data: { id?: string; uri: string }
  lines: Marker[]
}

export interface Core {
  cols: number
  rows: number
  buffers: { normal: BufferState; alt: BufferState; active: BufferState }
  options: { convertEol?: boolean; cursorBlink?: boolean }
  coreService: { modes: { insertMode: boolean }; decPrivateModes: DecPrivateModes; isCursorHidden: boolean }
  coreMouseService: { activeProtocol: string; activeEncoding: string }
  _charsetService: { charset: Charset; glevel: number; _charsets: Charset[] }
  _oscLinkService: { _dataByLinkId: Map<number, Link> }
  _inputHandler: InputHandler
  /** Parses at once, while `write` waits for a timer before each piece. */
  writeSync(bytes: Uint8Array): void
}

/** Each as a path from the core, with the type it has to have. */
const NEEDED: Readonly<Record<string, string>> = {
  cols: 'number',
  rows: 'number',
  writeSync: 'function',
  'buffers.normal.lines.get': 'function',
  'buffers.normal.lines.maxLength': 'number',
  'buffers.alt.x': 'number',
  'buffers.active.y': 'number',
  'buffers.normal.ybase': 'number',
  'buffers.normal.scrollTop': 'number',
  'buffers.normal.scrollBottom': 'number',
  'buffers.normal.tabs': 'object',
  'buffers.normal.savedX': 'number',
  'buffers.normal.savedY': 'number',
  'buffers.normal.savedCurAttrData.fg': 'number',
  'buffers.normal.markers.length': 'number',
  'options.convertEol': 'boolean',
  'options.cursorBlink': 'boolean',
  'coreService.modes.insertMode': 'boolean',
  'coreService.decPrivateModes.wraparound': 'boolean',
  'coreService.decPrivateModes.origin': 'boolean',
  'coreService.decPrivateModes.applicationCursorKeys': 'boolean',
  'coreService.decPrivateModes.applicationKeypad': 'boolean',
  'coreService.decPrivateModes.bracketedPasteMode': 'boolean',
  'coreService.decPrivateModes.reverseWraparound': 'boolean',
  'coreService.decPrivateModes.sendFocus': 'boolean',
  'coreService.isCursorHidden': 'boolean',
  'coreMouseService.activeProtocol': 'string',
  'coreMouseService.activeEncoding': 'string',
  '_charsetService.glevel': 'number',
  '_charsetService._charsets': 'object',
  '_oscLinkService._dataByLinkId': 'object',
  '_inputHandler._parser.currentState': 'number',
  '_inputHandler._parser.precedingJoinState': 'number',
  '_inputHandler._parser._transitions.table': 'object',
  '_inputHandler._parser.registerCsiHandler': 'function',
  '_inputHandler._utf8Decoder.interim': 'object',
  '_inputHandler._curAttrData.extended._ext': 'number',
  '_inputHandler._windowTitle': 'string',
  '_inputHandler._iconName': 'string',
  '_inputHandler._windowTitleStack': 'object',
  '_inputHandler._iconNameStack': 'object',
  '_inputHandler.eraseInLine': 'function',
  '_inputHandler.eraseInDisplay': 'function',
  '_inputHandler.onColor': 'function',
}

const at = (root: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((object, key) => (object as Record<string, unknown> | undefined)?.[key], root)

/** Throws with all that is missing: another version of xterm.js has to be looked at before it is used. */
export const coreOf = (terminal: Terminal): Core => {
  const core = (terminal as unknown as { _core: unknown })._core
  const missing = Object.keys(NEEDED).filter((path) => typeof at(core, path) !== NEEDED[path])
  const line = at(core, 'buffers.normal.lines') as Core['buffers']['normal']['lines'] | undefined
  if (!(line?.get(0)?._data instanceof Uint32Array)) missing.push('buffers.normal.lines[0]._data')
  if (missing.length > 0) throw new Error(`this version of @xterm/headless lacks ${missing.join(', ')}`)
  return core as Core
}
