/** Keeps a viewer alive where xterm.js 6.0 throws, and then parses nothing any more: `CSI 1 J` in the last cell with no line below. */
import type { Core, Parameters } from './internals.ts'

/** Source: InputHandler.eraseInDisplay, `lines.get(j + 1)!.isWrapped`. The session's screen has the same cure. */
export const erasesToLastCell = (core: Core, parameters: Parameters, protect: boolean): boolean => {
  const { active } = core.buffers
  const { x, y, lines } = active
  if (parameters[0] !== 1 || x + 1 < core.cols || lines.get(y + 1) !== undefined) return false
  core._inputHandler.eraseInLine({ params: [2], length: 1 }, protect)
  if (y === 0) return true
  active.y--
  core._inputHandler.eraseInDisplay({ params: [1], length: 1 }, protect)
  active.y++
  return true
}
