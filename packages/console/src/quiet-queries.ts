/** Keeps a viewer's xterm.js from answering terminal queries: the session host answers them, once, for all viewers (DESIGN §3, promise 6). */
import type { IDisposable, IFunctionIdentifier, Terminal } from '@xterm/xterm'

/** Sequences that only ask. Source: xterm's ctlseqs; the names are those of DEC STD 070 and xterm. */
const CSI_QUERIES: readonly IFunctionIdentifier[] = [
  { final: 'c' }, // DA1
  { prefix: '>', final: 'c' }, // DA2
  { prefix: '=', final: 'c' }, // DA3
  { final: 'n' }, // DSR, CPR
  { prefix: '?', final: 'n' }, // DECXCPR, other DEC reports, colour scheme (?996)
  { intermediates: '$', final: 'p' }, // DECRQM, ANSI modes
  { prefix: '?', intermediates: '$', final: 'p' }, // DECRQM, DEC modes
  { prefix: '>', final: 'q' }, // XTVERSION
  { prefix: '?', final: 'u' }, // kitty keyboard flags
  { prefix: '?', final: 'm' }, // XTQMODKEYS
  { final: 'x' }, // DECREQTPARM
  { intermediates: '$', final: 'w' }, // DECRQPSR
]

const DCS_QUERIES: readonly IFunctionIdentifier[] = [
  { intermediates: '$', final: 'q' }, // DECRQSS
  { intermediates: '+', final: 'q' }, // XTGETTCAP
]

/** Colours by index (4, 5) and the dynamic ones (10 foreground … 19 highlight); `?` in place of a colour asks. */
const OSC_COLOURS = [4, 5, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19] as const

/** XTWINOPS that report: state, position, sizes in pixels and cells, labels. 22 and 23 keep titles and must go on working. */
const WINDOW_REPORTS: readonly number[] = [11, 13, 14, 15, 16, 18, 19, 20, 21]

/** DECSET 1004: xterm.js reports the focus at once, which a replay must not do. */
const FOCUS_REPORTS = 1004

const isQuery = (slot: string): boolean => slot === '?'

export interface QuietQueries extends IDisposable {
  /** True while the parser is in a sequence whose effect is wanted but whose answer is not: what `onData` brings then is dropped. */
  answering(): boolean
}

export const quietQueries = ({ parser }: Pick<Terminal, 'parser'>): QuietQueries => {
  let muted = false
  // Parsing is synchronous, and a key press is a task of its own: what comes before the next microtask is an answer.
  const mute = (): false => {
    muted = true
    queueMicrotask(() => {
      muted = false
    })
    return false
  }
  const colours = (data: string): boolean => {
    const slots = data.split(';')
    if (!slots.some(isQuery)) return false
    const asksOnly = slots.every((slot) => isQuery(slot) || /^\d+$/.test(slot))
    return asksOnly ? true : mute()
  }
  const handlers = [
    ...CSI_QUERIES.map((id) => parser.registerCsiHandler(id, () => true)),
    ...DCS_QUERIES.map((id) => parser.registerDcsHandler(id, () => true)),
    ...OSC_COLOURS.map((ident) => parser.registerOscHandler(ident, colours)),
    parser.registerCsiHandler({ final: 't' }, (params) => WINDOW_REPORTS.includes(Number(params[0]))),
    parser.registerCsiHandler({ prefix: '?', final: 'h' }, (params) => params.includes(FOCUS_REPORTS) && mute()),
  ]
  return {
    answering: () => muted,
    dispose: () => {
      for (const handler of handlers) handler.dispose()
    },
  }
}
