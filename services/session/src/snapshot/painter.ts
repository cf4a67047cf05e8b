/** Draws lines on a blank screen so that each cell, and what xterm.js keeps about wrapping, comes out as it was. */
import { background, cellPen, hasText, isErased, isSecondHalf, sameNumbers, textOf, widthOf } from './cells.ts'
import type { Core, Line } from './internals.ts'
import { type Pen, PenMover, plainColor, samePen } from './pen.ts'

/** Any character of two columns: it does not fit into the last one, which stays blank with the pen's attributes. */
const WIDE = '一'
const FLAGS = 0xfc000000

/** Something to do when the row of line `index` is reached, before it is drawn. */
export interface Stop {
  index: number
  act(): void
}

export class Painter {
  readonly pen: PenMover
  readonly #cols: number
  readonly #rows: number
  #out: string[] = []
  /** Column of the cursor; the number of columns while the next character would wrap. */
  #x = 0
  /** Background that the row's blank cells have before it is drawn. */
  #fill = 0
  /** Cells that a helping character was left in. */
  #dirty = new Set<number>()
  /** Nothing has moved the cursor yet. */
  #home = true
  /** The next character is to wrap into this row. */
  #wraps = false
  /** Where each line begins in `#out`. */
  #starts: number[] = []

  constructor(core: Core) {
    this.pen = new PenMover(core)
    this.#cols = core.cols
    this.#rows = core.rows
  }

  get text(): string {
    return this.#out.join('')
  }

  /** Bytes that each of the lines drawn last took. */
  lineBytes(): number[] {
    return this.#starts.map((start, i) => {
      const parts = this.#out.slice(start, this.#starts[i + 1] ?? this.#out.length)
      return parts.reduce((sum, part) => sum + Buffer.byteLength(part), 0)
    })
  }

  put(text: string): void {
    if (text !== '') this.#out.push(text)
  }

  goTo(x: number, y: number): void {
    this.#home = false
    this.put(`\x1b[${y + 1};${x + 1}H`)
    this.#x = x
  }

  /** To the top left corner, where it begins. */
  home(): void {
    if (!this.#home) this.goTo(0, 0)
  }

  /** The cursor is in the top left corner of a blank screen. Lines beyond the screen scroll. */
  lines(lines: readonly Line[], stop?: Stop): void {
    this.#home = false
    this.#fill = 0
    this.#x = 0
    this.#wraps = false
    this.#starts = []
    lines.forEach((line, index) => {
      const above = lines[index - 1]
      this.#starts.push(this.#out.length)
      // The screen's last row is left by scrolling.
      if (above !== undefined) this.#enter(above, line, index >= this.#rows, index !== stop?.index)
      if (index === stop?.index) stop.act()
      this.#draw(line)
    })
  }

  /** To a column of this row. */
  column(column: number): void {
    this.#move(column)
  }

  /** Behind the last column, where the next character would wrap; drawing the row repairs its last cell. */
  beyond(further: string): void {
    this.#move(this.#cols - 1)
    this.put(`x${further}`)
    this.#x = this.#cols
    this.#dirty.add(this.#cols - 1)
  }

  /** Prints the text cell at `column` where it is, so that the cursor ends behind it. */
  reprint(line: Line, column: number, y: number): void {
    this.goTo(column, y)
    this.#print(line, column)
  }

  #enter(above: Line, line: Line, scrolls: boolean, natural: boolean): void {
    this.#dirty.clear()
    if (line.isWrapped) this.#wrap(above, line, scrolls, natural)
    else this.#newLine(line, scrolls)
  }

  #newLine(line: Line, scrolls: boolean): void {
    // Scrolling fills the new row with the pen's background; keep it where the line ends in it.
    const { bg } = this.pen.pen
    const last = this.#cols - 1
    if (
      scrolls &&
      plainColor(bg & ~FLAGS) !== 0 &&
      !(isErased(line, last) && background(line, last) === plainColor(bg & ~FLAGS))
    ) {
      this.put(this.pen.toBackground(0))
    }
    this.put(this.#x === 0 ? '\n' : '\r\n')
    this.#x = 0
    this.#fill = scrolls ? plainColor(this.pen.pen.bg & ~FLAGS) : 0
  }

  /** Reaches the next row by printing beyond the last column: the only way to mark it as a continuation. */
  #wrap(above: Line, line: Line, scrolls: boolean, mayFlow: boolean): void {
    const last = this.#cols - 1
    const blankEnd = !hasText(above, last) && !isSecondHalf(above, last)
    const first = cellPen(line, 0)
    const natural = mayFlow && hasText(line, 0) && widthOf(line, 0) > 0
    if (blankEnd) {
      this.#move(last)
      this.put(this.pen.toCell(cellPen(above, last)))
      const pen = this.pen.pen
      if (natural && widthOf(line, 0) === 2 && samePen(cellPen(above, last), first)) {
        this.#flow(pen, scrolls)
        return
      }
      this.#wrapHelped(WIDE, scrolls)
      return
    }
    if (this.#x < this.#cols) this.#again(above)
    if (natural && this.#isPlain(first)) {
      this.#flow(first, scrolls)
      return
    }
    this.#wrapHelped('x', scrolls)
  }

  #flow(pen: Pen, scrolls: boolean): void {
    this.#fill = scrolls ? plainColor(pen.bg & ~FLAGS) : 0
    this.#wraps = true
  }

  #wrapHelped(helper: string, scrolls: boolean): void {
    this.#fill = scrolls ? plainColor(this.pen.pen.bg & ~FLAGS) : 0
    this.put(`${helper}\r`)
    this.#x = 0
    this.#dirty.add(0)
    if (helper === WIDE) this.#dirty.add(1)
  }

  /** Can be the pen while a wrap is pending: what needs DECRC cannot. */
  #isPlain(target: Pen): boolean {
    const { pen, scratched, forced } = this.pen
    this.pen.toCell(target)
    const plain = this.pen.forced === forced
    Object.assign(this.pen, { pen, scratched, forced })
    return plain
  }

  /** The last cell once more, so that a wrap is pending. */
  #again(line: Line): void {
    const column = isSecondHalf(line, this.#cols - 1) ? this.#cols - 2 : this.#cols - 1
    this.#move(column)
    this.#print(line, column)
  }

  #draw(line: Line): void {
    const cols = this.#cols
    for (let column = 0; column < cols; ) {
      if (isErased(line, column)) column = this.#erased(line, column, cols)
      else if (this.#isHalved(line, column)) {
        this.#move(column)
        // Without wrapping, a wide character that finds no room takes the half of the one before it.
        this.put(`${this.pen.toCell(cellPen(line, column))}\x1b[?7l${textOf(line, column)}${WIDE}\x1b[?7h`)
        this.#x = this.#cols - 1
        column = cols
      } else if (hasText(line, column) && column + widthOf(line, column) <= cols) {
        this.#move(column)
        this.#print(line, column)
        column += Math.max(1, widthOf(line, column))
      } else {
        if (!hasText(line, column)) this.#blank(line, column)
        column++
      }
    }
    this.#dirty.clear()
  }

  /** A wide character at the end of the row that has lost its second half to its own pen. */
  #isHalved(line: Line, column: number): boolean {
    const next = column + 1
    const wide = next === this.#cols - 1 && widthOf(line, column) === 2
    return wide && widthOf(line, next) === 1 && !hasText(line, next) && sameNumbers(line, column, next)
  }

  /** A run of erased cells of one background; returns the column behind it. */
  #erased(line: Line, from: number, cols: number): number {
    const color = background(line, from)
    let to = from + 1
    while (
      to < cols &&
      isErased(line, to) &&
      sameNumbers(line, from, to) &&
      this.#dirty.has(to) === this.#dirty.has(from)
    )
      to++
    if (color === this.#fill && !this.#dirty.has(from)) return to
    this.#move(from)
    if (plainColor(this.pen.pen.bg & ~FLAGS) !== color) this.put(this.pen.toBackground(color))
    const toEnd = to === this.#cols && from > 0
    this.put(toEnd ? '\x1b[K' : `\x1b[${to - from === 1 ? '' : to - from}X`)
    return to
  }

  #print(line: Line, column: number): void {
    const width = widthOf(line, column)
    // A combining character without one to combine with: behind anything but text it stands alone.
    const alone = width === 0 ? '\0' : ''
    const text = textOf(line, column)
    this.put(this.pen.toCell(cellPen(line, column)) + alone + text)
    for (let i = 0; i < Math.max(1, width); i++) this.#dirty.delete(column + i)
    this.#x = column + Math.max(1, width)
    this.#wraps = false
  }

  /** A blank cell with more than a background: what is left of a wide character whose other half was printed over. */
  #blank(line: Line, column: number): void {
    if (widthOf(line, column) === 0) {
      this.#half(line, column)
    } else if (column + 1 < this.#cols) {
      this.#move(column)
      this.put(`${WIDE}\x1b[${column + 2}G${this.pen.toCell(cellPen(line, column))}x`)
      this.#dirty.add(column + 1)
      this.#x = column + 2
    } else this.#blankBehind(line, column)
  }

  /** The same from the left: the cell before it is drawn again. */
  #blankBehind(line: Line, column: number): void {
    this.#move(column - 1)
    this.put(`${WIDE}\x1b[${column}G${this.pen.toCell(cellPen(line, column))}x`)
    this.#x = column
    this.#redraw(line, column - 1)
  }

  /** The second half of a wide character without the first: only inserting cells between them leaves it. */
  #half(line: Line, column: number): void {
    if (column < 2 || isSecondHalf(line, column)) return
    this.#move(column - 2)
    this.put(`${this.pen.toCell(cellPen(line, column))}${WIDE}\x1b[${column}G\x1b[@`)
    this.#x = column - 1
    this.#redraw(line, column - 2)
    this.#redraw(line, column - 1)
  }

  #redraw(line: Line, column: number): void {
    this.#dirty.add(column)
    if (isErased(line, column)) this.#erased(line, column, column + 1)
    else if (isSecondHalf(line, column)) this.#redraw(line, column - 1)
    else if (hasText(line, column)) {
      this.#move(column)
      this.#print(line, column)
    } else if (column > 0) this.#blankBehind(line, column)
    this.#dirty.delete(column)
  }

  #move(column: number): void {
    if (column === this.#x || (column === 0 && this.#wraps)) return
    if (column === 0) this.put('\r')
    else if (column > this.#x) this.put(`\x1b[${column - this.#x === 1 ? '' : column - this.#x}C`)
    else this.put(`\x1b[${column + 1}G`)
    this.#x = column
    this.#wraps = false
  }
}
