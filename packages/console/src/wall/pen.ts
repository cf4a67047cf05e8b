/** How a character is drawn, and what SGR says of it. Colours become numbers of ours: nothing a session wrote reaches a style. */

/** CSS colours; null: the terminal's own. */
export interface Pen {
  color: string | null
  background: string | null
  bold: boolean
  dim: boolean
  italic: boolean
  underline: boolean
  inverse: boolean
  hidden: boolean
}
export const PLAIN: Pen = {
  color: null,
  background: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  inverse: false,
  hidden: false,
}

/** The 16 are the theme's; the cube and the greys are xterm's. */
const indexed = (index: number): string => {
  if (index < 16) return `var(--term-${index})`
  if (index >= 232) return `rgb(${Array(3).fill(8 + (index - 232) * 10)})`
  const level = (part: number): number => (part === 0 ? 0 : 55 + part * 40)
  const at = index - 16
  return `rgb(${[Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6].map(level)})`
}

/** After 38 or 48: how many parameters it takes, and the colour. */
const extended = ([kind, ...rest]: readonly number[]): { taken: number; color: string | null } => {
  if (kind === 5) return { taken: 2, color: indexed((rest[0] ?? 0) & 255) }
  if (kind === 2) return { taken: 4, color: `rgb(${[0, 1, 2].map((at) => (rest[at] ?? 0) & 255)})` }
  return { taken: 1, color: null }
}

const FLAGS: Readonly<Record<number, Partial<Pen>>> = {
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  8: { hidden: true },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  28: { hidden: false },
  39: { color: null },
  49: { background: null },
}

/** The pen after these parameters. */
export const paint = (pen: Pen, codes: readonly number[]): Pen => {
  let next = pen
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0
    if (code === 0) next = PLAIN
    else if (code === 38 || code === 48) {
      const { taken, color } = extended(codes.slice(at + 1))
      next = { ...next, [code === 38 ? 'color' : 'background']: color }
      at += taken
    } else if (code >= 30 && code <= 37) next = { ...next, color: indexed(code - 30) }
    else if (code >= 90 && code <= 97) next = { ...next, color: indexed(code - 82) }
    else if (code >= 40 && code <= 47) next = { ...next, background: indexed(code - 40) }
    else if (code >= 100 && code <= 107) next = { ...next, background: indexed(code - 92) }
    else next = { ...next, ...FLAGS[code] }
  }
  return next
}
