/** How sessions share the page: columns of sessions from top to bottom. In an address: `a.b+c` is a above b, and c beside them. */

export type Layout = readonly (readonly string[])[]

const SESSION = /^[a-z0-9-]+$/

/** null for what is no layout. */
export const parseLayout = (text: string): Layout | null => {
  const columns = text.split('+').map((column) => column.split('.'))
  const all = columns.flat()
  return all.every((id) => SESSION.test(id)) && new Set(all).size === all.length ? columns : null
}

export const layoutText = (layout: Layout): string => layout.map((column) => column.join('.')).join('+')

export const sessionsOf = (layout: Layout): string[] => layout.flat()

/** With `added` right of `at`, or below it. */
export const split = (layout: Layout, at: string, added: string, direction: 'right' | 'below'): Layout =>
  layout.flatMap((column) => {
    const index = column.indexOf(at)
    if (index < 0) return [column]
    return direction === 'right' ? [column, [added]] : [column.toSpliced(index + 1, 0, added)]
  })

/** Without a session; empty when it was the only one. */
export const without = (layout: Layout, id: string): Layout =>
  layout.map((column) => column.filter((other) => other !== id)).filter((column) => column.length > 0)

/** Where a session is, in shares of the whole. */
export interface Place {
  id: string
  left: number
  top: number
  width: number
  height: number
}
/** A border that can be moved: between two columns, or two sessions of one. `before` and `after` are ids whose weights it changes. */
export interface Border {
  direction: 'columns' | 'rows'
  before: string
  after: string
  left: number
  top: number
  /** Its own length, and that of what it divides. */
  length: number
  whole: number
}

/** A share of room by id: of a column under the id of its first session with `|` before it. Default: 1. */
export type Weights = Readonly<Record<string, number>>

const shares = (keys: readonly string[], weights: Weights): number[] => {
  const own = keys.map((key) => weights[key] ?? 1)
  const sum = own.reduce((a, b) => a + b, 0)
  return own.map((weight) => weight / sum)
}

export const columnKey = (column: readonly string[]): string => `|${column[0]}`

export const arrange = (layout: Layout, weights: Weights): { places: Place[]; borders: Border[] } => {
  const places: Place[] = []
  const borders: Border[] = []
  const widths = shares(layout.map(columnKey), weights)
  let left = 0
  for (const [x, column] of layout.entries()) {
    const width = widths[x] ?? 0
    const previous = layout[x - 1]
    if (previous)
      borders.push({
        direction: 'columns',
        before: columnKey(previous),
        after: columnKey(column),
        left,
        top: 0,
        length: 1,
        whole: (widths[x - 1] ?? 0) + width,
      })
    const heights = shares(column, weights)
    let top = 0
    for (const [y, id] of column.entries()) {
      const height = heights[y] ?? 0
      const above = column[y - 1]
      if (above !== undefined)
        borders.push({
          direction: 'rows',
          before: above,
          after: id,
          left,
          top,
          length: width,
          whole: (heights[y - 1] ?? 0) + height,
        })
      places.push({ id, left, top, width, height })
      top += height
    }
    left += width
  }
  return { places, borders }
}

const LEAST = 0.1

/** The weights after a border was moved by a share of the whole. */
export const moved = (weights: Weights, { before, after, whole }: Border, by: number): Weights => {
  const sum = (weights[before] ?? 1) + (weights[after] ?? 1)
  const share = Math.min(1 - LEAST, Math.max(LEAST, (weights[before] ?? 1) / sum + by / whole))
  return { ...weights, [before]: sum * share, [after]: sum * (1 - share) }
}
