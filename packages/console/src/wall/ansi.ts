/** The API's `ansi` screen as runs of text and pens; text stays text. */
import { type Pen, PLAIN, paint } from './pen.ts'

export interface Run {
  text: string
  pen: Pen
}

/** What takes two columns, as far as a thumbnail must know. Source: Unicode's East Asian Width, W and F. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u
const COMBINES = /\p{M}|\u200d|\ufe0f/u

/** `text` is empty in the second half of a wide character. */
type Cell = Run

class Grid {
  readonly rows: Cell[][]
  readonly #cols: number
  #pen = PLAIN
  #x = 0
  #y = 0

  constructor(cols: number, rows: number) {
    this.#cols = cols
    this.rows = Array.from({ length: rows }, () => [])
  }

  print(text: string): void {
    for (const character of text) {
      if (character === '\n') [this.#x, this.#y] = [0, this.#y + 1]
      else if (COMBINES.test(character)) this.#combine(character)
      else if (character >= ' ') this.#put(character)
    }
  }

  /** Of the sequences there are only those that the host's serializer writes. */
  obey(final: string, parameters: readonly number[]): void {
    const count = Math.max(1, parameters[0] ?? 1)
    if (final === 'm') this.#pen = paint(this.#pen, parameters.length === 0 ? [0] : parameters)
    else if (final === 'A') this.#y = Math.max(0, this.#y - count)
    else if (final === 'B') this.#y += count
    else if (final === 'C') this.#x = Math.min(this.#cols - 1, this.#x + count)
    else if (final === 'D') this.#x = Math.max(0, this.#x - count)
    else if (final === 'X') this.#erase(Math.min(count, this.#cols - this.#x))
  }

  #put(character: string): void {
    const width = WIDE.test(character) ? 2 : 1
    if (this.#x + width > this.#cols) [this.#x, this.#y] = [0, this.#y + 1]
    this.#set(this.#x, character)
    if (width === 2) this.#set(this.#x + 1, '')
    this.#x += width
  }

  #combine(character: string): void {
    const before = this.rows[this.#y]?.[this.#x - 1]
    if (before) before.text += character
  }

  #erase(count: number): void {
    for (let at = 0; at < count; at++) this.#set(this.#x + at, ' ')
  }

  #set(x: number, text: string): void {
    const row = this.rows[this.#y]
    if (row) row[x] = { text, pen: this.#pen }
  }
}

const runsOf = (cells: readonly (Cell | undefined)[]): Run[] => {
  const runs: Run[] = []
  for (const { text, pen } of Array.from(cells, (cell) => cell ?? { text: ' ', pen: PLAIN })) {
    const last = runs.at(-1)
    if (last?.pen === pen) last.text += text
    else runs.push({ text, pen })
  }
  return runs
}

/** One entry a row. What does not fit on the screen, and any sequence that is not known, is left out. */
export const screenRuns = (ansi: string, cols: number, rows: number): Run[][] => {
  const grid = new Grid(cols, rows)
  const [first = '', ...pieces] = ansi.split('\u001b')
  grid.print(first)
  for (const piece of pieces) {
    const [all, parameters = '', final = ''] = /^\[([\d;]*)([A-Za-z])/.exec(piece) ?? []
    if (all === undefined) continue
    grid.obey(final, parameters === '' ? [] : parameters.split(';').map(Number))
    grid.print(piece.slice(all.length))
  }
  return grid.rows.map(runsOf)
}
