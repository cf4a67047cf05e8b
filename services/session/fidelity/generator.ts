/** Writes random terminal programs: text of every width, every kind of state, cut and malformed sequences; the same for the same seed. */
import { random } from './cuts.ts'
import { Program, type Resize, type Size } from './program.ts'

type Pick = <T>(choices: readonly T[]) => T

interface Dice {
  size: Size
  pick: Pick
  /** From `least` to `most`, both included. */
  between(least: number, most: number): number
}

const esc = (text: string): string => `\x1b${text}`
const csi = (text: string): string => `\x1b[${text}`
const osc = (text: string): string => `\x1b]${text}\x1b\\`

const WORDS = ['a', 'fox', 'lorem ipsum', 'x = y;', '~', '   ', 'lqqk', '`jklmnqtuvwx', '1234567890'] as const
const WIDE = ['漢', '終わり', '한국어', 'ｆｕｌｌ', '👍', '🎉🎉', '🤖'] as const
const CLUSTERS = [
  'e\u0301',
  'a\u0308\u0323',
  '👨\u200d👩\u200d👧',
  '🇩🇪🇫🇷',
  '👍🏽',
  '❤\ufe0f',
  '\u0301',
  '\u200d',
  '漢\u3099',
  'क्षि',
  '\u00ad',
] as const
const MALFORMED = ['ff', 'c3', 'e282', 'f09f98', 'c0af', 'eda080', '80', 'f8888080', 'e2', 'bf', 'efbfbf'] as const
/** 8-bit controls as UTF-8: IND, NEL, HTS, RI, SS2, CSI, ST, OSC. */
const C1 = ['\u0084', '\u0085', '\u0088', '\u008d', '\u008e', '\u009b31m', '\u009c', '\u009d2;c1\u009c'] as const
const UNFINISHED = [
  '\x1b',
  '\x1b[',
  '\x1b[3',
  '\x1b[?',
  '\x1b[38;2;1',
  '\x1b]0;half',
  '\x1bP$q',
  '\x1b(',
  '\x1b_apc',
  '\x1b]9;cut',
] as const
const MODES = [1, 5, 6, 7, 9, 12, 25, 45, 66, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2004, 2026, 2031] as const
const ATTRIBUTES = [0, 1, 2, 3, 4, 5, 7, 8, 9, 21, 22, 23, 24, 25, 27, 28, 29, 39, 49, 53, 55, 59] as const
const UNDERLINES = [
  '4:0',
  '4:1',
  '4:2',
  '4:3',
  '4:4',
  '4:5',
  '58;5;123',
  '58:5:9',
  '58:2::1:2:3',
  '58;2;200;100;50',
] as const
const CONTROLS = [
  '\r',
  '\n',
  '\r\n',
  '\b',
  '\t',
  '\v',
  '\f',
  '\x07',
  '\x0e',
  '\x0f',
  '\x00',
  '\x7f',
  '\x18',
  '\x1a',
] as const
const QUERIES = [
  '[c',
  '[>c',
  '[6n',
  '[?6n',
  '[5n',
  '[?2004$p',
  '[?u',
  ']10;?\x07',
  ']4;1;?\x07',
  'P$qm\x1b\\',
  '[>q',
] as const
const ESCAPES = [
  '7',
  '8',
  'D',
  'E',
  'M',
  'H',
  '=',
  '>',
  'n',
  'o',
  '|',
  '}',
  '~',
  '#8',
  '%G',
  '%@',
  '#3',
  'N',
  'O',
] as const

const text = ({ pick, between }: Dice): string => pick(WORDS).repeat(between(1, 3))
const runAtMargin = ({ size, pick, between }: Dice): string =>
  csi(`${size.cols - between(0, 3)}G`) + pick([...WIDE, ...CLUSTERS, 'ab', 'abcdef'])
const position = ({ size, between }: Dice): string => csi(`${between(1, size.rows + 1)};${between(1, size.cols + 1)}H`)
const attributes = ({ pick, between }: Dice): string => {
  const named = (): number => pick([30, 40, 90, 100]) + between(0, 7)
  const indexed = (): string => `${pick([38, 48])};5;${between(0, 255)}`
  const direct = (): string => `${pick([38, 48])};2;${between(0, 255)};${between(0, 255)};${between(0, 255)}`
  const one = (): string =>
    pick([() => `${pick(ATTRIBUTES)}`, () => `${named()}`, indexed, direct, () => pick(UNDERLINES)])()
  return csi(`${Array.from({ length: between(1, 3) }, one).join(';')}m`)
}
const editing = ({ pick, between }: Dice): string =>
  csi(
    `${between(0, 6)}${pick(['@', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'I', 'L', 'M', 'P', 'S', 'T', 'X', 'Z', 'd', 'e', 'a', '`', "'}", "'~", ' @', ' A'])}`,
  )
const erasing = ({ pick, between }: Dice): string => csi(`${pick(['', '?'])}${between(0, 3)}${pick(['J', 'K'])}`)
const mode = ({ pick }: Dice): string => csi(`?${pick(MODES)}${pick(['h', 'l'])}`)
const ansiMode = ({ pick }: Dice): string => csi(`${pick([4, 20])}${pick(['h', 'l'])}`)
const screen = ({ pick }: Dice): string => csi(`?${pick([47, 1047, 1049, 1049, 1048])}${pick(['h', 'h', 'l'])}`)
const margins = ({ size, between }: Dice): string => csi(`${between(0, size.rows - 1)};${between(1, size.rows + 1)}r`)
const charset = ({ pick }: Dice): string =>
  esc(pick(['(', ')', '*', '+', '-', '.', '/']) + pick(['0', '0', 'B', 'A', '4', 'K']))
const tabStops = ({ pick }: Dice): string => pick([esc('H'), csi('g'), csi('3g'), '\t', '\t\t'])
const saving = ({ pick }: Dice): string => pick([esc('7'), esc('8'), csi('s'), csi('u')])
const cursorStyle = ({ between }: Dice): string => csi(`${between(0, 7)} q`)
const protection = ({ between }: Dice): string => csi(`${between(0, 2)}"q`)
/** Closed again, as programs do: when xterm.js forgets the address of one that stays open, no sequence can tell it. */
const link = (dice: Dice): string => {
  const { pick, between } = dice
  const address = pick([`8;;https://example.org/${between(1, 3)}`, `8;id=${between(1, 2)};http://a/${between(1, 2)}`])
  return `${osc(address)}${attributes(dice)}${text(dice)}${pick(WIDE)}${osc('8;;')}`
}
const title = ({ pick, between }: Dice): string =>
  pick([osc(`${between(0, 2)};title ${between(1, 99)}`), csi(`22;${between(0, 2)}t`), csi(`23;${between(0, 2)}t`)])
const color = ({ pick, between }: Dice): string => {
  const value = (): string =>
    pick(['#102030', '#fff', 'rgb:12/34/56', 'rgb:1/2/3', 'rgb:1234/5678/9abc', '?', 'nonsense'])
  const which = between(10, 12)
  return osc(
    pick([`4;${between(0, 255)};${value()}`, `${which};${value()}`, `104;${between(0, 255)}`, '104', `${which + 100}`]),
  )
}
const keyboard = ({ pick, between }: Dice): string =>
  csi(
    pick([
      `>${between(0, 31)}u`,
      '<u',
      `<${between(1, 3)}u`,
      `=${between(0, 31)};${between(1, 3)}u`,
      `>4;${between(0, 2)}m`,
      '>4m',
    ]),
  )
const repeat = ({ pick, between }: Dice): string =>
  `${pick([...WORDS, ...WIDE, ...CLUSTERS])}${csi(`${between(1, 9)}b`)}`
const longRun = ({ size, pick, between }: Dice): string =>
  pick(['-', 'word ', '漢', 'e\u0301']).repeat(between(1, size.cols * 2))
const scrolling = ({ size, pick, between }: Dice): string =>
  Array.from({ length: between(1, size.rows) }, () => `${pick(WORDS)}\r\n`).join('')
const reset = ({ pick, between }: Dice): string => (between(0, 3) === 0 ? pick([esc('c'), csi('!p')]) : '')

/** As often as programs use them, roughly: text and movement more than once. */
const TOKENS: readonly ((dice: Dice) => string | Buffer)[] = [
  ...[text, text, text, text, attributes, attributes, attributes, position, position, position],
  ...[runAtMargin, runAtMargin, longRun, scrolling, editing, editing, editing, erasing, erasing],
  ...[mode, mode, ansiMode, screen, margins, charset, tabStops, saving, saving, cursorStyle, protection],
  ...[link, title, color, keyboard, repeat, reset],
  ({ pick }) => pick(WIDE),
  ({ pick }) => pick(CLUSTERS),
  ({ pick }) => pick(CONTROLS),
  ({ pick }) => pick(CONTROLS),
  ({ pick }) => esc(pick(ESCAPES)),
  ({ pick }) => esc(pick(QUERIES)),
  ({ pick }) => pick(C1),
  ({ pick }) => Buffer.from(pick(MALFORMED), 'hex'),
  ({ pick }) => pick(UNFINISHED),
]

/** A program of 5 to 60 steps for a small terminal, so that margins, wraps and scrollback are met often; now and then a resize. */
export const randomProgram = (seed: number): Program => {
  const next = random(seed)
  const between = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1))
  const pick: Pick = (choices) => choices[between(0, choices.length - 1)] as (typeof choices)[number]
  const first = { cols: pick([20, 11, 40]), rows: pick([8, 5, 12]) }
  let size: Size = first
  const resizes: Resize[] = []
  const parts: Buffer[] = []
  let length = 0
  for (let steps = between(5, 60); steps > 0; steps--) {
    const resized = between(0, 60) === 0
    // CAN ends whatever is unfinished: a size change is between sequences.
    const part = Buffer.from(resized ? '\x18' : pick(TOKENS)({ size, pick, between }))
    parts.push(part)
    length += part.length
    if (!resized) continue
    size = { cols: between(4, 45), rows: between(2, 14) }
    resizes.push({ offset: length, ...size })
  }
  return new Program(`seed ${seed}`, first, Buffer.concat(parts), resizes)
}
