/** Lines of aligned columns, safe to print: control characters of names and commands never reach the terminal. */

/** Two cells wide on terminals. Source: Unicode UAX #11 (W and F) and emoji with their own presentation. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u
const ZERO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]$/u
const CONTROL = /\p{Cc}/gu

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

const widthOf = (text: string): number => {
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += WIDE.test(segment) ? 2 : ZERO_WIDTH.test(segment) ? 0 : 1
  return width
}

export const printable = (text: string): string => text.replace(CONTROL, '�')

/** The beginning of a text that takes at most `width` cells, safe to print. */
export const fit = (text: string, width: number): string => {
  let taken = 0
  let fitting = ''
  for (const { segment } of graphemes.segment(printable(text))) {
    taken += widthOf(segment)
    if (taken > width) break
    fitting += segment
  }
  return fitting
}

/** One line a row, two spaces between columns; the last column is not padded. */
export const aligned = (rows: readonly (readonly string[])[]): string[] => {
  const lines = rows.map((row) => row.map(printable))
  const columns = Math.max(...lines.map((line) => line.length))
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...lines.map((line) => widthOf(line[column] ?? ''))),
  )
  const pad = (cell: string, column: number): string =>
    column === columns - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell))
  return lines.map((line) => line.map(pad).join('  ').trimEnd())
}

/** `rows` below `header`, as text. */
export const table = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  `${aligned([header, ...rows]).join('\n')}\n`
