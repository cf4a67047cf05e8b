/** xterm.js 6.0 throws at `CSI 1 J` in the last cell with no line below, and parses nothing any more: here it erases. */
import type { Terminal } from '@xterm/xterm'

interface Internals {
  _inputHandler: {
    _activeBuffer: { y: number }
    eraseInLine(parameters: { params: number[]; length: number }): boolean
    eraseInDisplay(parameters: { params: number[]; length: number }): boolean
  }
}

/** Source: InputHandler.eraseInDisplay, `lines.get(j + 1)!.isWrapped`. The session host's screen has the same cure. */
export const cureErase = (terminal: Terminal): void => {
  const { _inputHandler: handler } = (terminal as unknown as { _core: Internals })._core
  terminal.parser.registerCsiHandler({ final: 'J' }, (parameters) => {
    const { cursorX, cursorY, baseY, length } = terminal.buffer.active
    if (parameters[0] !== 1 || cursorX + 1 < terminal.cols || baseY + cursorY + 1 < length) return false
    handler.eraseInLine({ params: [2], length: 1 })
    if (cursorY === 0) return true
    handler._activeBuffer.y--
    handler.eraseInDisplay({ params: [1], length: 1 })
    handler._activeBuffer.y++
    return true
  })
}
