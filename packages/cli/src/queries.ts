/** Which escape sequences only ask the terminal something; the session host answers them (DESIGN §3, promise 6). Source: xterm's ctlseqs. */

/** By final byte: the parameters and intermediates that make a control sequence a query. */
const CSI_QUERIES: Readonly<Record<string, RegExp | undefined>> = {
  c: /^[>=]?[\d;:]*$/, // DA1, DA2, DA3; `CSI ? … c` sets the cursor of the Linux console
  n: /^\??[\d;]*$/, // DSR, CPR, colour scheme; `CSI > … n` sets key modifiers
  p: /^\??[\d;]*\$$/, // DECRQM
  q: /^>[\d;]*$/, // XTVERSION
  u: /^(?:\?[\d;]*|[\d;]*[$&])$/, // kitty keyboard flags, DECRQTSR, DECRQUPSS
  m: /^\?[\d;]*$/, // XTQMODKEYS
  S: /^\?[\d;]*$/, // XTSMGRAPHICS
  t: /^(?:11|13|14|15|16|18|19|20|21)(?:;[\d;]*)?$/, // XTWINOPS: state, position, sizes, labels
  x: /^[01]?$/, // DECREQTPARM
  w: /^[\d;]*\$$/, // DECRQPSR
  y: /^[\d;]*\*$/, // DECRQCRA
  '|': /^[\d;]*[#']$/, // XTREPORTSGR, DECRQLP
}

/** `body`: what stands between CSI and its final byte. */
export const isCsiQuery = (body: string, final: string): boolean => CSI_QUERIES[final]?.test(body) ?? false

/** OSC, DCS and APC by the byte after ESC. */
export type StringKind = ']' | 'P' | '_'

/** Colours by index (4, 5) and the dynamic ones (10 to 19) with what follows; the clipboard (52) as long as it may be a question. */
const UNDECIDED: Readonly<Record<StringKind, RegExp>> = {
  ']': /^(?:[45]?|1\d?|(?:[45]|1\d);.*|52?|52;[^;]*(?:;\??)?)$/s,
  P: /^[$+]?$/,
  _: /^(?:G[^;]*)?$/s,
}
/** DECRQSS, XTGETTCAP and kitty's graphics query are known before their end. */
const QUERY_START: Readonly<Record<StringKind, RegExp | null>> = { ']': null, P: /^[$+]q/, _: /^G(?:[^;]*,)?a=q[,;]/ }

/** What a string that has begun is: still open, not a query, or one whose rest may be dropped as it comes. */
export const judgeOpen = (kind: StringKind, text: string): 'undecided' | 'harmless' | 'query' => {
  if (QUERY_START[kind]?.test(text)) return 'query'
  return UNDECIDED[kind].test(text) ? 'undecided' : 'harmless'
}

/** Slots of a colour sequence: `4;index;colour;…` has pairs, `10;colour;colour` one slot for each number from 10 on. */
const colourSettings = (text: string): string[] => {
  const [first = '', ...slots] = text.split(';')
  if (first.startsWith('1')) return slots.map((slot, i) => `${Number(first) + i};${slot}`)
  return slots.flatMap((slot, i) => (i % 2 === 0 ? [`${first};${slot};${slots[i + 1] ?? ''}`] : []))
}

/** A complete string: null when it passes as it is, else what is left of it without its questions (mostly nothing). */
export const judgeComplete = (kind: StringKind, text: string): string | null => {
  if (kind === '_') return /^G(?:.*,)?a=q(?:,|$)/s.test(text) ? '' : null
  if (kind === 'P') return null
  if (/^52;[^;]*;\?$/.test(text)) return ''
  if (!/^(?:[45]|1\d);/.test(text) || !text.split(';').includes('?')) return null
  const kept = colourSettings(text).filter((setting) => !setting.endsWith(';?'))
  return kept.map((setting) => `\x1b]${setting}\x1b\\`).join('')
}
