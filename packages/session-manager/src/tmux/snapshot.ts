/** What recreates a pane in a terminal that was reset: lines above, the screen, cursor, and the modes that tmux tells. */
import type { Control } from './control.ts'
import { paneOf, quoted } from './tmux.ts'

export interface PaneState {
  /** As notifications and `refresh-client -A` name it, e.g. `%0`. */
  pane: string
  cols: number
  rows: number
  title: string
  dead: boolean
  bytes: Buffer
}

/** DEC private modes by the format that tells them. Bracketed paste (2004) and focus reports (1004) are told by newer ones only. */
const MODES = [
  ['keypad_cursor_flag', 1],
  ['mouse_standard_flag', 1000],
  ['mouse_button_flag', 1002],
  ['mouse_all_flag', 1003],
  ['mouse_utf8_flag', 1005],
  ['mouse_sgr_flag', 1006],
  ['bracket_paste_flag', 2004],
] as const
const FIELDS = [
  ...['pane_width', 'pane_height', 'cursor_x', 'cursor_y', 'cursor_flag', 'alternate_on', 'insert_flag', 'wrap_flag'],
  ...['keypad_flag', 'scroll_region_upper', 'scroll_region_lower', 'pane_dead', 'history_size', 'pane_id'],
  ...MODES.map(([name]) => name),
  'pane_title',
]
const FORMAT = FIELDS.map((field) => `#{${field}}`).join('\t')

const NEWLINE = Buffer.from('\r\n')

const joined = (lines: readonly Buffer[]): Buffer =>
  Buffer.concat(lines.flatMap((line, at) => (at === 0 ? [line] : [NEWLINE, line])))

/** The commands whose answers `stateOf` takes; nothing comes between them. */
export const stateCommands = (id: string): string[] => {
  const pane = quoted(paneOf(id))
  const capture = `capture-pane -p -e -J -t ${pane}`
  return [
    `display-message -p -t ${pane} ${quoted(FORMAT)}`,
    `${capture} -S -`,
    `${capture} -S - -E -1`,
    capture,
    `${capture} -a -q`,
  ]
}

export const stateOf = (answers: readonly Buffer[][]): PaneState => {
  const [told = [], whole = [], above = [], screen = [], main = []] = answers
  const values = Buffer.concat(told).toString().split('\t')
  const of = new Map(FIELDS.map((field, at) => [field, values[at] ?? '']))
  const is = (field: string): boolean => of.get(field) === '1'
  const number = (field: string): number => Number(of.get(field))
  const [cols, rows] = [number('pane_width'), number('pane_height')]
  const parts: Buffer[] = []
  if (is('alternate_on')) {
    // Of no history tmux captures the first line of the screen.
    if (number('history_size') > 0) parts.push(joined(above), Buffer.from('\x1b[0m\r\n'))
    parts.push(joined(main), Buffer.from('\x1b[0m\x1b[?1049h\x1b[H'), joined(screen))
  } else parts.push(joined(whole))
  const upper = number('scroll_region_upper')
  const lower = number('scroll_region_lower')
  const modes = [
    upper === 0 && lower === rows - 1 ? '' : `\x1b[${upper + 1};${lower + 1}r`,
    is('insert_flag') ? '\x1b[4h' : '',
    is('wrap_flag') ? '' : '\x1b[?7l',
    is('keypad_flag') ? '\x1b=' : '',
    is('cursor_flag') ? '' : '\x1b[?25l',
    ...MODES.map(([name, mode]) => (is(name) ? `\x1b[?${mode}h` : '')),
    `\x1b[0m\x1b[${number('cursor_y') + 1};${number('cursor_x') + 1}H`,
  ]
  parts.push(Buffer.from(modes.join('')))
  return {
    pane: of.get('pane_id') ?? '',
    cols,
    rows,
    title: values.slice(FIELDS.length - 1).join('\t'),
    dead: is('pane_dead'),
    bytes: Buffer.concat(parts),
  }
}

/** `take` has it before anything that is written behind it. `before`: commands that come first. Throws SESSION_NOT_FOUND. */
export const takeState = (
  control: Control,
  id: string,
  before: readonly string[],
  take: (state: PaneState) => void,
): Promise<void> =>
  control.ask([...before, ...stateCommands(id)], (answers) => take(stateOf(answers.slice(before.length))))
