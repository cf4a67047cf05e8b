/** A paste of many lines is asked about before a program without bracketed paste runs each of them. */
import type { Terminal } from '@xterm/xterm'

const MANY_LINES = 100

export const linesOf = (text: string): number => text.replace(/(\r\n|\r|\n)$/, '').split(/\r\n|\r|\n/).length

/** With bracketed paste (DECSET 2004) the program takes it as one piece; then only very many lines are asked about. */
export const isRisky = (text: string, bracketed: boolean): boolean => linesOf(text) > (bracketed ? MANY_LINES : 1)

/** Takes pastes over from xterm.js; `ask` gets those that are risky. */
export const guardPaste = (
  terminal: Terminal,
  element: HTMLElement,
  stop: AbortSignal,
  ask: (text: string) => void,
): void => {
  const take = (event: ClipboardEvent): void => {
    const text = event.clipboardData?.getData('text/plain') ?? ''
    event.preventDefault()
    event.stopPropagation()
    if (terminal.options.disableStdin || text === '') return
    if (isRisky(text, terminal.modes.bracketedPasteMode)) ask(text)
    else terminal.paste(text)
  }
  element.addEventListener('paste', take, { capture: true, signal: stop })
}
