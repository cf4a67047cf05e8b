/** Where the shell is: OSC 7, VS Code's `OSC 633 ; P ; Cwd=` and iTerm2's `OSC 1337 ; CurrentDir=`. */
import { unescaped633 } from './marks.ts'

/** PATH_MAX of Linux. */
const MAX_PATH_CHARS = 4096

/** `file://<host>/<path>` with percent-encoding, or, as many prompts have it, without. */
const pathOfFileUrl = (text: string): string | null => {
  const path = /^file:\/\/[^/]*(\/.*)$/s.exec(text)?.[1] ?? null
  try {
    return path === null ? null : decodeURIComponent(path)
  } catch {
    return path
  }
}

const after = (text: string, prefix: string): string | null =>
  text.startsWith(prefix) ? text.slice(prefix.length) : null

const reported = (code: string, data: string): string | null => {
  if (code === '7') return pathOfFileUrl(data)
  if (code === '1337') return after(data, 'CurrentDir=')
  const path = code === '633' ? after(data, 'P;Cwd=') : null
  return path === null ? null : unescaped633(path)
}

/** The directory that this sequence names; null when it names none. */
export const directoryOf = (code: string, data: string): string | null => {
  const path = reported(code, data)
  return path?.startsWith('/') && path.length <= MAX_PATH_CHARS ? path : null
}
