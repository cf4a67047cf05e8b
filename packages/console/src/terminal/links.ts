/** Addresses in the terminal: shown as they are before they are opened, and opened only by a deliberate click, in a page that knows nothing of this one. */
import { WebLinksAddon } from '@xterm/addon-web-links'
import type { Terminal } from '@xterm/xterm'

const isWeb = (text: string): boolean => URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol)

/** `onHover` hears what a click would open, and null when the mouse has left. */
export const followLinks = (terminal: Terminal, onHover: (address: string | null) => void): void => {
  const open = (event: MouseEvent, address: string): void => {
    if ((event.ctrlKey || event.metaKey) && isWeb(address)) window.open(address, '_blank', 'noopener,noreferrer')
  }
  const hover = (_event: MouseEvent, address: string): void => onHover(isWeb(address) ? address : null)
  const leave = (): void => onHover(null)
  terminal.loadAddon(new WebLinksAddon(open, { hover, leave }))
  terminal.options.linkHandler = { activate: open, hover, leave } // of programs (OSC 8): their text may be another one
}
