/** Writes what a program of the session copied (OSC 52) to the browser's clipboard, while the user is looking at the page. */

/** Returns why it could not, or null. */
export const writeClipboard = async (base64: string): Promise<string | null> => {
  if (!document.hasFocus()) return 'The session copied something; it was not taken, for this page was not in front.'
  if (!navigator.clipboard) return 'The session copied something; the clipboard works only over https.'
  try {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
    await navigator.clipboard.writeText(new TextDecoder().decode(bytes))
    return null
  } catch {
    return 'The session copied something; the browser did not allow it.'
  }
}
