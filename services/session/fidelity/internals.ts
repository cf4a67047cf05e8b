/** What of @xterm/headless 6.0 the comparison reads that its API does not show: a state that cannot be seen cannot be compared. */
import type { Terminal } from '@xterm/headless'

export interface Extended {
  /** Underline style, colour and variant as stored, not as overridden by a link. */
  _ext: number
  urlId: number
}

export interface Line {
  isWrapped: boolean
  length: number
  /** Three numbers a cell: content (character and width), foreground and background, both with flags. */
  _data: Uint32Array
  _combined: Record<number, string>
  _extendedAttrs: Record<number, Extended | undefined>
}

export interface Pen {
  fg: number
  bg: number
  extended: Extended
}

type Charset = Record<string, string> | undefined

export interface BufferState {
  lines: { length: number; get(index: number): Line | undefined }
  x: number
  y: number
  ybase: number
  scrollTop: number
  scrollBottom: number
  tabs: Record<number, boolean | undefined>
  savedX: number
  savedY: number
  savedCurAttrData: Pen
  savedCharset: Charset
}

export interface ColorEvent {
  /** 0 asks, 1 sets, 2 restores; without an index it restores the whole palette. */
  type: number
  index?: number
  color?: readonly number[]
}

export type Parameters = (number | number[])[]

type Erase = (parameters: { params: number[]; length: number }, protect: boolean) => boolean

export interface Core {
  cols: number
  rows: number
  writeSync(data: Uint8Array): void
  buffers: { normal: BufferState; alt: BufferState; active: BufferState }
  coreService: { modes: object; decPrivateModes: object; isCursorHidden: boolean }
  coreMouseService: { activeProtocol: string; activeEncoding: string }
  _charsetService: { charset: Charset; glevel: number; _charsets: Charset[] }
  _oscLinkService: { getLinkData(id: number): { id?: string; uri: string } | undefined }
  _inputHandler: {
    _curAttrData: Pen
    _windowTitle: string
    _iconName: string
    _windowTitleStack: string[]
    _iconNameStack: string[]
    _parser: { precedingJoinState: number }
    eraseInLine: Erase
    eraseInDisplay: Erase
    onColor(listener: (events: ColorEvent[]) => void): void
  }
}

export const coreOf = (terminal: Terminal): Core => (terminal as unknown as { _core: Core })._core
