/** Which escape sequences a terminal answers; the session host answers them (DESIGN §3, promise 6). Source: ctlseqs of xterm, kitty, iTerm2, rxvt. */

/** By final byte: the parameters and intermediates that make a control sequence a query. */
const CSI_QUERIES: Readonly<Record<string, RegExp | undefined>> = {
  c: /^[>=]?[\d;:]*$/, // DA1, DA2, DA3; `CSI ? … c` sets the cursor of the Linux console
  g: /^\?[\d;:]*$/, // XTQFMTKEYS
  m: /^\?[\d;:]*$/, // XTQMODKEYS
  n: /^\??[\d;:]*$/, // DSR, CPR, colour scheme; `CSI > … n` sets key modifiers
  p: /^\??[\d;:]*\$$|^[\d;:]*\+$/, // DECRQM; DECSR, which confirms
  q: /^>[\d;:]*$/, // XTVERSION
  t: /^0*(?:11|13|14|15|16|18|19|20|21)(?:[;:][\d;:]*)?$/, // XTWINOPS: state, position, sizes, labels
  u: /^(?:\?[\d;:]*|[\d;:]*[$&])$/, // kitty keyboard flags, DECRQTSR, DECRQUPSS
  v: /^[\d;:]*"$/, // DECRQDE
  w: /^[\d;:]*\$$/, // DECRQPSR
  x: /^[\d;:]*$/, // DECREQTPARM
  y: /^[\d;:]*\*$/, // DECRQCRA
  R: /^[\d;:]*#$/, // XTREPORTCOLORS
  S: /^(?:\?[\d;:]*|[\d;:]*#)$/, // XTSMGRAPHICS, XTTITLEPOS
  '|': /^[\d;:]*[#']$/, // XTREPORTSGR, DECRQLP
}

/** Mode of in-band size reports: switched on it reports at once, and the size of a window that may not be the session's. */
const SIZE_REPORTS = '2048'

/** What is left of `CSI ? … h` without the mode that reports; null when that is not in it. */
const withoutSizeReports = (body: string): string | null => {
  if (!body.startsWith('?')) return null
  const modes = body.slice(1).split(';')
  const kept = modes.filter((mode) => mode.replace(/^0+/, '') !== SIZE_REPORTS)
  if (kept.length === modes.length) return null
  return kept.length === 0 ? '' : `\x1b[?${kept.join(';')}h`
}

/** Those that ask only when a `?` comes first. */
const MARKED = new Set(['g', 'h', 'm'])
const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39

/** Whether it is worth a look: of all sequences the commonest, attributes, set them. `first`: the first parameter byte if known. */
export const mayAsk = (final: string, first: number | undefined): boolean => {
  if (MARKED.has(final)) return first === undefined || !isDigit(first)
  return CSI_QUERIES[final] !== undefined
}

/** `body`: what stands between CSI and its final byte. Null when the sequence passes as it is, else what is left of it. */
export const judgeCsi = (body: string, final: string): string | null => {
  if (final === 'h') return withoutSizeReports(body)
  return CSI_QUERIES[final]?.test(body) ? '' : null
}

/** `body`: what stands between DCS and its final byte. DECRQSS, XTGETTCAP, XTGETXRES. */
export const isDcsQuery = (body: string, final: string): boolean =>
  /[$+]$/.test(body) && (final === 'q' || (final === 'Q' && body.endsWith('+')))

/**
 * Kitty's graphics: a question, or a picture by number whose success or failure would be reported (`q=2` forbids both).
 * `body`: what stands before the payload.
 */
export const isGraphicsQuery = (body: string): boolean => {
  const keys = new Map(
    body
      .slice(1)
      .split(',')
      .map((pair): [string, string] => [pair.slice(0, 1), pair.slice(2)]),
  )
  return keys.get('a') === 'q' || ((keys.has('i') || keys.has('I')) && keys.get('q') !== '2')
}

/** OSC whose text has to be seen whole: colours (4, 5, 10 to 19, 21, 704 to 708), pointer, font, features, notifications, version. */
const WHOLE = /^0*(?:4|5|1\d|21|22|50|60|61|99|702|70[4-8]);$/
/** The clipboard, both ways: the host tells a write to the controller alone (`clipboard`), and a read is never answered. */
const CLIPBOARD = /^0*(?:52|5522);$/
/** iTerm2's sequences by their first word; a file's content must not be held back for it. */
const ITERM = /^0*1337;[A-Za-z]{0,15}$/
const ITERM_QUERY = /^0*1337;(?:ReportCellSize|ReportVariable|Capabilities|RequestUpload)/

/** What an OSC is by its beginning, up to a byte that is no digit: still open, to be held to its end, shown, or a query. */
export const judgeOscStart = (body: string): 'open' | 'whole' | 'shown' | 'query' => {
  if (CLIPBOARD.test(body) || ITERM_QUERY.test(body)) return 'query'
  if (WHOLE.test(body)) return 'whole'
  return ITERM.test(body) ? 'open' : 'shown'
}

/** Slots of a colour sequence: `4;index;colour;…` has pairs, `10;colour;colour` one slot for each number from 10 on. */
const colourSettings = (number: number, slots: readonly string[]): string[] => {
  if (number === 21) return slots.map((slot) => `21;${slot}`)
  if (number >= 10) return slots.map((slot, i) => `${number + i};${slot}`)
  return slots.flatMap((slot, i) => (i % 2 === 0 ? [`${number};${slot};${slots[i + 1] ?? ''}`] : []))
}

/** Of those with a `?`: kitty's pointer question asks with more behind it. */
const asksOther = (number: number, rest: string): boolean => {
  if (number === 60 || number === 61) return true // allowed and disallowed features
  if (number === 99) return /(?:^|:)(?:p=\?|p=alive|c=1|a=[^:;]*report)/.test(rest.split(';')[0] ?? '')
  return number === 22 && rest.startsWith('?')
}

/** A complete OSC: null when it passes as it is, else what is left of it without its questions (mostly nothing). */
export const judgeOsc = (body: string): string | null => {
  const [first = '', ...slots] = body.split(';')
  const number = /^\d+$/.test(first) ? Number(first) : Number.NaN
  if (!WHOLE.test(`${first};`)) return null
  if (asksOther(number, slots.join(';'))) return ''
  if (!slots.some((slot) => slot === '?' || (number === 21 && slot.endsWith('=?')))) return null
  if (number > 21) return ''
  const kept = colourSettings(number, slots).filter((setting) => !/[;=]\?$/.test(setting))
  return kept.map((setting) => `\x1b]${setting}\x1b\\`).join('')
}
