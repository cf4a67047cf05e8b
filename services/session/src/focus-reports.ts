/** Focus reports (`ESC [ I` and `ESC [ O`, DEC mode 1004): only the controller's window may say that it has the focus. */

const REPORTS = ['\x1b[I', '\x1b[O'] as const

/** A report torn over two messages passes: to wait for its rest would hold up a lone Escape key. */
export const withoutFocusReports = (bytes: Buffer): Buffer => {
  if (!REPORTS.some((report) => bytes.includes(report))) return bytes
  const text = REPORTS.reduce((rest, report) => rest.replaceAll(report, ''), bytes.toString('latin1'))
  return Buffer.from(text, 'latin1')
}
