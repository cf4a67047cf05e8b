/** What is selected, else the screen, on the clipboard as HTML with its colours, and as text for who takes no HTML. */
import type { Terminal } from '@xterm/xterm'

const screenText = ({ buffer: { active }, rows }: Terminal): string =>
  Array.from({ length: rows }, (_, row) => active.getLine(active.baseY + row)?.translateToString(true) ?? '')
    .join('\n')
    .trimEnd()

const htmlOf = async (terminal: Terminal, onlySelection: boolean): Promise<string> => {
  const { SerializeAddon } = await import('@xterm/addon-serialize')
  const addon = new SerializeAddon()
  terminal.loadAddon(addon)
  try {
    return addon.serializeAsHTML({ onlySelection, scrollback: 0, includeGlobalBackground: true })
  } finally {
    addon.dispose()
  }
}

/** Returns what to tell the user. */
export const copyAsHtml = async (terminal: Terminal): Promise<string> => {
  if (!navigator.clipboard) return 'The clipboard works only over https.'
  const selected = terminal.hasSelection()
  const text = selected ? terminal.getSelection() : screenText(terminal)
  const html = htmlOf(terminal, selected).then((made) => new Blob([made], { type: 'text/html' }))
  try {
    // Not awaited before: a browser takes what is promised in the moment of a key or a click.
    const plain = new Blob([text], { type: 'text/plain' })
    await navigator.clipboard.write([new ClipboardItem({ 'text/html': html, 'text/plain': plain })])
    return selected ? 'Copied the selection as HTML.' : 'Copied the screen as HTML.'
  } catch {
    return 'The browser did not allow it to be copied.'
  }
}
