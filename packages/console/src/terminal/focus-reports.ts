/** xterm.js reports the focus at once when a program switches focus reports on: no one moved the focus, least of all on a replay. */
import type { Terminal } from '@xterm/xterm'

/** DECSET 1004. */
const FOCUS_REPORTS = 1004

/** Returns whether what `onData` brings now is such a report, and not to be sent. */
export const muteFocusReports = ({ parser }: Pick<Terminal, 'parser'>): (() => boolean) => {
  let muted = false
  parser.registerCsiHandler({ prefix: '?', final: 'h' }, (params) => {
    if (!params.includes(FOCUS_REPORTS)) return false
    muted = true
    // Parsing is synchronous, and a key press is a task of its own: what comes before the next microtask is the report.
    queueMicrotask(() => {
      muted = false
    })
    return false // xterm.js itself obeys
  })
  return () => muted
}
