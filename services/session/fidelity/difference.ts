/** Says where the states of two viewers differ: every cell, both buffers, every mode. */
import type { BufferState, Core, ExtendedAttributes, Line, PenState } from '../src/snapshot/internals.ts'
import type { Viewer } from './viewer.ts'

type State = Record<string, unknown>

/** Source: @xterm/headless src/common/buffer/Constants.ts. */
const COMBINED = 0x200000
const HAS_EXTENDED = 0x10000000
const COLOR_MODE = 0x3000000
const RGB_MODE = 0x3000000
const FLAGS = 0xfc000000
const UNDERLINE_STYLE = 0x1c000000
/** Not re-armed on purpose: a viewer that joins in the midst of an update is to see something. */
const NOT_KEPT = 'synchronizedOutput'

/** A colour without what an earlier colour left in bits that this one does not use. */
const color = (value: number): number => {
  const mode = value & COLOR_MODE
  return mode === RGB_MODE ? value & 0x3ffffff : mode === 0 ? 0 : mode | (value & 0xff)
}
const attribute = (value: number): string => (((value & FLAGS) | color(value)) >>> 0).toString(16)

const link = (core: Core, id: number): string =>
  id === 0 ? '' : JSON.stringify(core._oscLinkService._dataByLinkId.get(id)?.data)

const extended = (core: Core, attributes: ExtendedAttributes | undefined): string => {
  if (attributes === undefined) return ''
  const { _ext, urlId } = attributes
  return `underline ${(_ext & UNDERLINE_STYLE) >>> 26} ${color(_ext).toString(16)} link ${link(core, urlId)}`
}

const pen = (core: Core, { fg, bg, extended: more }: PenState): string =>
  `${attribute(fg)} ${attribute(bg)} ${extended(core, more)}`

const tabStops = (cols: number, { tabs }: BufferState): number[] =>
  Array.from({ length: cols }, (_, column) => column).filter((column) => tabs[column])

/** Where DECRC would go: never past the last cell. */
const savedCursor = ({ cols, rows }: Core, { savedX, savedY, ybase }: BufferState): string =>
  `${Math.min(savedX, cols - 1)},${Math.min(savedY - ybase, rows - 1)}`

const buffer = (name: string, core: Core, state: BufferState): State => ({
  [`${name} cursor`]: name === 'normal' || core.buffers.active === state ? `${state.x},${state.y}` : '',
  [`${name} margins`]: `${state.scrollTop}-${state.scrollBottom}`,
  [`${name} tab stops`]: tabStops(core.cols, state),
  [`${name} saved cursor`]: savedCursor(core, state),
  [`${name} saved pen`]: `${attribute(state.savedCurAttrData.fg)} ${attribute(state.savedCurAttrData.bg)}`,
  [`${name} saved charset`]: state.savedCharset,
})

/** Everything but the lines. */
const stateOf = ({ core, options, colors }: Viewer): State => {
  const { buffers, coreService, coreMouseService, _charsetService: charsets, _inputHandler: handler } = core
  return {
    buffer: buffers.active === buffers.normal ? 'normal' : 'alternate',
    ...buffer('normal', core, buffers.normal),
    ...buffer('alternate', core, buffers.alt),
    pen: pen(core, handler._curAttrData),
    'G0–G3': [0, 1, 2, 3].map((g) => charsets._charsets[g]),
    'charset level': charsets.glevel,
    charset: charsets.charset,
    ...coreService.modes,
    ...coreService.decPrivateModes,
    [NOT_KEPT]: '',
    'cursor hidden': coreService.isCursorHidden,
    'mouse tracking': coreMouseService.activeProtocol,
    'mouse encoding': coreMouseService.activeEncoding,
    'line feed mode': options.convertEol,
    'cursor blinks (?12)': options.cursorBlink,
    title: handler._windowTitle,
    'icon name': handler._iconName,
    'title stack': handler._windowTitleStack,
    'icon name stack': handler._iconNameStack,
    colors: [...colors].sort(([one], [other]) => one - other),
    'preceding character': handler._parser.precedingJoinState,
  }
}

const clip = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'none'
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

export const difference = (what: string, whole: unknown, restored: unknown): string =>
  `${what}: ${clip(whole)}, restored ${clip(restored)}`

const cellOf = (core: Core, line: Line, column: number): string => {
  const [content = 0, fg = 0, bg = 0] = line._data.subarray(column * 3, column * 3 + 3)
  const code = content & 0x1fffff
  const text = content & COMBINED ? line._combined[column] : code === 0 ? '' : String.fromCodePoint(code)
  const more = bg & HAS_EXTENDED ? extended(core, line._extendedAttrs[column]) : ''
  return `${text} width ${content >>> 22} ${attribute(fg)} ${attribute(bg)} ${more}`
}

/** Is a cell's state wholly in its three numbers, and are they the same? Spares most cells the longer way. */
const sameNumbers = (one: Line, other: Line, column: number): boolean => {
  const at = column * 3
  return (
    one._data[at] === other._data[at] &&
    one._data[at + 1] === other._data[at + 1] &&
    one._data[at + 2] === other._data[at + 2] &&
    ((one._data[at] as number) & COMBINED) === 0 &&
    ((one._data[at + 2] as number) & HAS_EXTENDED) === 0
  )
}

function* lineDifferences(where: string, whole: [Core, Line], restored: [Core, Line]): Generator<string> {
  const [one, other] = [whole[1], restored[1]]
  if (one.isWrapped !== other.isWrapped)
    yield difference(`${where} continues the one above`, one.isWrapped, other.isWrapped)
  for (let column = 0; column < whole[0].cols; column++) {
    if (sameNumbers(one, other, column)) continue
    const [wanted, is] = [cellOf(...whole, column), cellOf(...restored, column)]
    if (wanted !== is) yield difference(`${where} column ${column}`, wanted, is)
  }
}

/** Lines are numbered from the top of the screen, negative above it: so they are the same with fewer of them. */
function* bufferDifferences(name: 'normal' | 'alt', whole: Core, restored: Core, mayLack: boolean): Generator<string> {
  const [one, other] = [whole.buffers[name], restored.buffers[name]]
  const [above, restoredAbove] = [one.ybase, other.ybase]
  if (above !== restoredAbove && !(mayLack && restoredAbove < above)) {
    yield difference(`${name} lines above the screen`, above, restoredAbove)
  }
  const below = one.lines.length - above
  if (below !== other.lines.length - restoredAbove)
    yield difference(`${name} lines`, below, other.lines.length - restoredAbove)
  for (let row = below - 1; row >= -Math.min(above, restoredAbove); row--) {
    const [line, restoredLine] = [one.lines.get(above + row), other.lines.get(restoredAbove + row)]
    if (line === undefined || restoredLine === undefined) continue
    yield* lineDifferences(`${name} row ${row}`, [whole, line], [restored, restoredLine])
  }
}

/** `mayLack`: the snapshot had no room for the oldest lines, so the restored may have fewer above its screen. */
export function* differences(whole: Viewer, restored: Viewer, mayLack: boolean): Generator<string> {
  const [state, restoredState] = [stateOf(whole), stateOf(restored)]
  for (const what of Object.keys({ ...state, ...restoredState })) {
    if (JSON.stringify(state[what]) === JSON.stringify(restoredState[what])) continue
    yield difference(what, state[what], restoredState[what])
  }
  for (const name of ['normal', 'alt'] as const) yield* bufferDifferences(name, whole.core, restored.core, mayLack)
}
