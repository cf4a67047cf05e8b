/** Brings a terminal of xterm.js 6.0 that was resized into a state that output can make too: any other is in no snapshot. */

interface Marker {
  line: number
  onDispose(listener: () => void): void
}

interface Line {
  length: number
  /** Three numbers a cell: content (with its width), foreground, background. */
  _data: Uint32Array
  _extendedAttrs: Record<number, { urlId: number } | undefined>
  resize(cols: number, fill: null): void
}

interface BufferState {
  lines: { length: number; maxLength: number; get(index: number): Line | undefined }
  savedX: number
  savedY: number
  tabs: Record<number, boolean | undefined>
  markers: Marker[]
  addMarker(line: number): Marker
}

interface Link {
  lines: Marker[]
}

interface Core {
  cols: number
  rows: number
  buffers: { normal: BufferState; alt: BufferState }
  _inputHandler: { _parser: { precedingJoinState: number } }
  _oscLinkService: { _dataByLinkId: Map<number, Link>; _removeMarkerFromLink(link: Link, marker: Marker): void }
}

/** Source: @xterm/xterm src/common/buffer/Constants.ts. */
const WIDTH_SHIFT = 22
const EXTENDED = 0x10000000
const FLAGS = 0xfc000000

function* linesOf({ lines }: BufferState): Generator<[number, Line]> {
  for (let i = 0; i < lines.length; i++) {
    const line = lines.get(i)
    if (line !== undefined) yield [i, line]
  }
}

/** The first half of a wide character in the last column, where printing and shifting leave none: blank, as they make it. */
const blankHalf = ({ _data: data }: Line, cols: number): void => {
  const at = (cols - 1) * 3
  if ((data[at] as number) >>> WIDTH_SHIFT !== 2) return
  data[at] = 1 << WIDTH_SHIFT
  data[at + 1] = 0
  data[at + 2] = (data[at + 2] as number) & ~FLAGS
}

/** xterm.js cuts the lines of the normal screen only: the others come back when the terminal grows. */
const cutAlternate = (alt: BufferState, { cols, rows }: Core): void => {
  for (const [, line] of linesOf(alt)) if (line.length > cols) line.resize(cols, null)
  // Left at the old number of rows while the screen is not shown, it is one with a history when it is.
  if (alt.lines.length === 0) alt.lines.maxLength = rows
  alt.savedX = Math.min(alt.savedX, cols - 1)
  alt.savedY = Math.min(alt.savedY, rows - 1)
}

/** A link lives as long as a line it was printed in: also as one that it was wrapped into. */
const followLinks = (normal: BufferState, { _oscLinkService: links }: Core): void => {
  const own = new Set(normal.markers)
  const rowsOf = new Map<Link, Set<number>>()
  for (const link of links._dataByLinkId.values()) {
    rowsOf.set(link, new Set(link.lines.filter((marker) => own.has(marker)).map(({ line }) => line)))
  }
  for (const [row, line] of linesOf(normal)) {
    for (const [column, attributes] of Object.entries(line._extendedAttrs)) {
      const link = links._dataByLinkId.get(attributes?.urlId ?? 0)
      const kept = ((line._data[Number(column) * 3 + 2] ?? 0) & EXTENDED) !== 0
      if (link === undefined || !kept || rowsOf.get(link)?.has(row)) continue
      const marker = normal.addMarker(row)
      link.lines.push(marker)
      rowsOf.get(link)?.add(row)
      marker.onDispose(() => links._removeMarkerFromLink(link, marker))
    }
  }
}

const cure = (core: Core): void => {
  const { cols, buffers } = core
  cutAlternate(buffers.alt, core)
  for (const state of [buffers.normal, buffers.alt]) {
    for (const [, line] of linesOf(state)) blankHalf(line, cols)
    for (const column of Object.keys(state.tabs).map(Number)) if (column >= cols) delete state.tabs[column]
  }
  followLinks(buffers.normal, core)
  // The character before the resize may be elsewhere now: what combines would join another.
  core._inputHandler._parser.precedingJoinState = 0
}

/**
 * Sees to it that after every resize `terminal`, an xterm.js 6.0 of the browser or headless, is as the session host's screen is,
 * which has the same: without it what shows may differ until it is painted anew. Call it once for each terminal.
 */
export const cureResizes = (terminal: { onResize(listener: () => void): unknown }): void => {
  terminal.onResize(() => cure((terminal as unknown as { _core: Core })._core))
}
