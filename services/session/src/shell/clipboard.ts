/** What programs write to the clipboard: OSC 52. What they ask of it is never answered. */
import { MAX_CLIPBOARD_BYTES } from '@holdfast/protocol'

export interface ClipboardWrite {
  selection: string
  /** Base64, at most MAX_CLIPBOARD_BYTES of content. */
  data: string
}

/** Longest OSC that can be a write: base64 has four characters for three bytes, and a few name code and selection. */
export const MAX_CLIPBOARD_OSC = 4 * Math.ceil(MAX_CLIPBOARD_BYTES / 3) + 32

/** `data` of `OSC 52 ; <selections> ; <base64>`. Null for a question, and for what is no base64. `large`: refused. */
export const clipboardWrite = (data: string, cut: boolean): ClipboardWrite | 'large' | null => {
  const [, selections, content] = /^([cpqs0-7]*);(.*)$/s.exec(data) ?? []
  if (selections === undefined || content === undefined || content === '?') return null
  if (cut) return 'large'
  if (content.length % 4 === 1 || !/^[A-Za-z0-9+/]*={0,2}$/.test(content)) return null
  if (Buffer.byteLength(content, 'base64') > MAX_CLIPBOARD_BYTES) return 'large'
  return { selection: selections === '' || selections.includes('c') ? 'c' : selections.slice(0, 1), data: content }
}
