/** What the session copies, for the local terminal's clipboard. */

/** Source: xterm's ctlseqs, OSC 52; what is written to the local terminal holds nothing else. */
const SELECTION = /^[cpqs0-7]*$/
const BASE64 = /^[A-Za-z\d+/]*={0,2}$/

/** '' for what is no selection or no base64. */
export const clipboardWrite = (selection: string, data: string): string =>
  SELECTION.test(selection) && BASE64.test(data) ? `\x1b]52;${selection};${data}\x07` : ''
