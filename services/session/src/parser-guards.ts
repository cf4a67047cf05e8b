/** Keeps hostile or unlucky output from stopping xterm.js 6.0: endless loops, an exception, cells and links without bound. */
import { limitRepeats } from '@holdfast/protocol'
import type { Core, Line, Parameters } from './snapshot/internals.ts'

/** Characters on top of each other in one cell; Unicode's stream-safe text has at most 30. */
const MAX_COMBINED = 64
/** Forgetting n links costs n² steps in xterm.js. */
const FIRST_LINK_SWEEP = 512
const EXTENDED = 0x10000000

/** `CSI 1 J` in the last cell with no line below throws. Source: InputHandler.eraseInDisplay, `lines.get(j + 1)!`. */
const erasesToLastCell = (core: Core, { params }: Parameters, keepProtected: boolean): boolean => {
  const { active } = core.buffers
  const { x, y, lines } = active
  if (params[0] !== 1 || x + 1 < core.cols || lines.get(y + 1) !== undefined) return false
  core._inputHandler.eraseInLine({ params: [2], length: 1 }, keepProtected)
  if (y === 0) return true
  active.y--
  core._inputHandler.eraseInDisplay({ params: [1], length: 1 }, keepProtected)
  active.y++
  return true
}

/** Else xterm.js 6.0 throws there, and parses nothing any more. */
export const cureErase = (core: Core): void => {
  for (const keepProtected of [false, true]) {
    const id = keepProtected ? { prefix: '?', final: 'J' } : { final: 'J' }
    core._inputHandler._parser.registerCsiHandler(id, (parameters) => erasesToLastCell(core, parameters, keepProtected))
  }
}

interface LinePrototype {
  addCodepointToCell(column: number, code: number, width: number): void
  isLimited?: true
}

/** The method is shared by all terminals of the process. */
const limitCombining = (line: Line): void => {
  const prototype = Object.getPrototypeOf(line) as LinePrototype
  if (prototype.isLimited) return
  prototype.isLimited = true
  const add = prototype.addCodepointToCell
  prototype.addCodepointToCell = function addLimited(this: Line & LinePrototype, column, code, width): void {
    if ((this._combined[column]?.length ?? 0) < MAX_COMBINED) add.call(this, column, code, width)
  }
}

/** Links that no cell has any more are kept by xterm.js until their line goes, which may be never. */
class LinkSweep {
  readonly #core: Core
  #next = FIRST_LINK_SWEEP

  constructor(core: Core) {
    this.#core = core
  }

  check(): void {
    const { _dataByLinkId: links } = this.#core._oscLinkService
    if (links.size < this.#next) return
    const used = this.#used()
    for (const [id, link] of links) {
      if (used.has(id)) continue
      for (const marker of [...link.lines]) marker.dispose()
    }
    this.#next = Math.max(FIRST_LINK_SWEEP, links.size * 2)
  }

  #used(): Set<number> {
    const { buffers, _inputHandler: handler } = this.#core
    const used = new Set([handler._curAttrData.extended.urlId])
    for (const { lines } of [buffers.normal, buffers.alt]) {
      for (let i = 0; i < lines.length; i++) {
        const line = lines.get(i)
        if (line === undefined) continue
        for (const [column, attributes] of Object.entries(line._extendedAttrs)) {
          const kept = attributes && (line._data[Number(column) * 3 + 2] ?? 0) & EXTENDED
          if (kept) used.add(attributes.urlId)
        }
      }
    }
    return used
  }
}

/** Returns what has to be called now and then. */
export const guard = (core: Core): { sweep(): void } => {
  limitRepeats(core)
  cureErase(core)
  const line = core.buffers.normal.lines.get(0)
  if (line !== undefined) limitCombining(line)
  const links = new LinkSweep(core)
  return { sweep: () => links.check() }
}
