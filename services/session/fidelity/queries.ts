/** What a terminal is asked so that it shows its state: a fixed battery of queries, and a probe that brings hidden state to light. */

const ANSI_MODES = [2, 3, 4, 12, 20]
const PRIVATE_MODES = [
  ...Array.from({ length: 13 }, (_, i) => i + 1),
  ...[18, 19, 25, 30, 35, 40, 41, 42, 45, 47, 66, 67, 69, 80, 95],
  ...[1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1010, 1011, 1015, 1016, 1034, 1035, 1036, 1039, 1047, 1048, 1049],
  // Not 2026: synchronized output is not armed again, on purpose.
  ...[2004, 2027, 2031, 2048, 9001],
]
const STATUS_STRINGS = ['"q', '"p', 'r', 's', 't', 'm', ' q', '$|', '*|']
const COLORS = Array.from({ length: 256 }, (_, i) => i)

const DEVICE = '\x1b[c\x1b[>c\x1b[=c\x1b[5n\x1b[6n\x1b[?6n\x1b[?996n\x1b[>q'
const MODES = [
  ...ANSI_MODES.map((mode) => `\x1b[${mode}$p`),
  ...PRIVATE_MODES.map((mode) => `\x1b[?${mode}$p`),
  ...STATUS_STRINGS.map((setting) => `\x1bP$q${setting}\x1b\\`),
]
const COLOR_QUERIES = [
  `\x1b]4;${COLORS.map((index) => `${index};?`).join(';')}\x1b\\`,
  ...[10, 11, 12, 13, 17, 19].map((code) => `\x1b]${code};?\x1b\\`),
]
/** Kitty keyboard flags and modifyOtherKeys; size in pixels, of a cell, in characters; icon name and title; terminfo names. */
const REST = '\x1b[?u\x1b[?4m\x1b[14t\x1b[16t\x1b[18t\x1b[20t\x1b[21t\x1bP+q544e;436f;524742\x1b\\'

export const BATTERY = Buffer.from([DEVICE, ...MODES, ...COLOR_QUERIES, REST].join(''))

const LONG = 'wraps at the margin 終わり '.repeat(8)
/** What differs only once it is used: repeated character, pen, charsets, tab stops, saved cursors, margins, stacks. */
const PROBE_PARTS = [
  '\x1b[3b\u0301',
  LONG,
  '\x0eqx\x0fqx\x1bnqx\x1boqx\x0f',
  '\r\t1\t2\t3\x1b[Z4',
  '\x1b8saved\x1b[u\x1b[4:3mpen',
  '\n'.repeat(12),
  '\x1bM'.repeat(30),
  LONG,
  '\x1b[1;1Hhome\x1b[99;99Hend',
  '\x1b[?1047h\x1b8other saved\t.\x1b[?1047l\x1b8\x1b[?1049l',
  LONG,
  '\x1b[23;0t\x1b[23;0t\x1b[23;0t',
  '\x1b[?u\x1b[<u\x1b[?u\x1b[<u\x1b[?u\x1b[<9u\x1b[?u',
  '\x1b[?1049h\x1b[?u\x1b[<u\x1b[?u\x1b[?1049l\x1b[?u',
]
export const PROBE = Buffer.from(PROBE_PARTS.join(''))
