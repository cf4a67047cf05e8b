/** Opens the pen's link so that it lives as long as it would have: xterm.js forgets links with the lines they were used in. */
import { background, cellPen, hasText, isUniform, widthOf } from './cells.ts'
import type { BufferState, Core, Line } from './internals.ts'
import type { Painter } from './painter.ts'
import { DEFAULT_PEN, isConsistent, type Pen } from './pen.ts'

/** A cell that can be printed again, whatever is beside it; -1 for none. */
const linkedColumn = (line: Line, cols: number, url: number): number =>
  Array.from({ length: cols }, (_, i) => i).findIndex(
    (i) =>
      hasText(line, i) &&
      widthOf(line, i) > 0 &&
      i + widthOf(line, i) <= cols &&
      cellPen(line, i).url === url &&
      isConsistent(cellPen(line, i)),
  )

export class OpenLink {
  readonly #core: Core
  readonly #paint: Painter

  constructor(core: Core, paint: Painter) {
    this.#core = core
    this.#paint = paint
  }

  /** Opened and printed where it was. */
  open({ ybase, markers, lines }: BufferState, { url }: Pen): void {
    const { _oscLinkService: links, cols, buffers } = this.#core
    if (url === 0 || this.#paint.pen.pen.url === url) return
    const link = links._dataByLinkId.get(url)
    if (link === undefined) {
      if (this.#paint.pen.alternate) this.#openForgotten(buffers.alt, url)
      return
    }
    const rows = link.lines.filter((marker) => marker.line >= ybase && markers.includes(marker)).map(({ line }) => line)
    for (const row of rows) {
      const line = lines.get(row)
      const column = line === undefined ? -1 : linkedColumn(line, cols, url)
      this.#paint.goTo(0, row - ybase)
      this.#paint.put(this.#paint.pen.toLink(url))
      if (line !== undefined && column >= 0) this.#paint.reprint(line, column, row - ybase)
    }
  }

  /** A link that was opened in this screen and is open in the other: said here as well, it is not forgotten with the other. */
  keep({ markers }: BufferState): void {
    const { _oscLinkService: links, _inputHandler: handler } = this.#core
    const { urlId } = handler._curAttrData.extended
    const link = links._dataByLinkId.get(urlId)
    if (link?.data.id !== undefined && link.lines.some((marker) => markers.includes(marker))) {
      this.#paint.put(this.#paint.pen.toLink(urlId))
    }
  }

  /** Deleting a line forgets the links opened in it; a blank one is as good when it has been inserted again. */
  #openForgotten({ lines, scrollTop, scrollBottom }: BufferState, url: number): void {
    for (let row = scrollTop; row <= scrollBottom; row++) {
      const line = lines.get(row)
      if (line === undefined || line.isWrapped || !isUniform(line, this.#core.cols)) continue
      const paint = this.#paint
      paint.goTo(0, row)
      paint.put(paint.pen.to({ ...DEFAULT_PEN, bg: background(line, 0), url: paint.pen.pen.url }))
      paint.put(`\x1b]8;;x\x1b\\\x1b[M\x1b[L`)
      paint.pen.linked(url)
      return
    }
  }
}
