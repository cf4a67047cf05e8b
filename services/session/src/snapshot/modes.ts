/** The modes, titles and the look of the cursor, each said explicitly where a reset does not reach it. */
import type { Core } from './internals.ts'

const MOUSE: Readonly<Record<string, string>> = { X10: '9', VT200: '1000', DRAG: '1002', ANY: '1003' }
const MOUSE_ENCODING: Readonly<Record<string, string>> = { SGR: '1006', SGR_PIXELS: '1016' }
const CURSOR_STYLE = { block: 1, underline: 3, bar: 5 } as const

/** Private modes that are off after a reset. Not origin and wrapping, which say where things are drawn, nor synchronized output. */
const set = ({ coreService, coreMouseService }: Core): (string | undefined | false)[] => {
  const { decPrivateModes: modes } = coreService
  return [
    modes.applicationCursorKeys && '1',
    modes.reverseWraparound && '45',
    modes.applicationKeypad && '66',
    modes.bracketedPasteMode && '2004',
    modes.sendFocus && '1004',
    MOUSE[coreMouseService.activeProtocol],
    MOUSE_ENCODING[coreMouseService.activeEncoding],
  ]
}

/** DECSCUSR: an odd number blinks. Beyond 6 it says nothing of the style. */
const cursorStyle = ({ coreService }: Core): string => {
  const { cursorStyle: style, cursorBlink } = coreService.decPrivateModes
  if (style === undefined && cursorBlink === undefined) return ''
  return `\x1b[${(style === undefined ? 7 : CURSOR_STYLE[style]) + (cursorBlink ? 0 : 1)} q`
}

export const modes = (core: Core): string => {
  const numbers = set(core).filter(Boolean)
  const lineFeed = `\x1b[20${core.options.convertEol ? 'h' : 'l'}`
  const visible = `\x1b[?25${core.coreService.isCursorHidden ? 'l' : 'h'}`
  return `${lineFeed}${visible}${cursorStyle(core)}${numbers.length === 0 ? '' : `\x1b[?${numbers.join(';')}h`}`
}

/** Titles wait on stacks: said one by one and pushed, then the present one. */
const stacked = (stack: readonly string[], present: string, code: 1 | 2): string =>
  stack.map((title) => `\x1b]${code};${title}\x1b\\\x1b[22;${code}t`).join('') +
  (present === '' && stack.length === 0 ? '' : `\x1b]${code};${present}\x1b\\`)

export const titles = ({ _inputHandler: handler }: Core): string =>
  stacked(handler._iconNameStack, handler._iconName, 1) + stacked(handler._windowTitleStack, handler._windowTitle, 2)
