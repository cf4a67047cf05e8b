/** What the marks say that `hold` (shim/hold.c) puts into the output stream. */

export interface Ending {
  /** `lost`: the session's leader was killed, and with it went what it knew. */
  kind: 'exit' | 'signal' | 'not-started' | 'lost'
  /** Exit code, signal number or errno. */
  number: number
  coreDumped: boolean
}

export interface EndingMark {
  /** How the command ended; null when that was told before. */
  ending: Ending | null
  /** Nothing will be written any more. */
  closed: boolean
}

const KINDS: Readonly<Record<string, Ending['kind']>> = { e: 'exit', s: 'signal', x: 'not-started' }

export const parseMark = (text: string): EndingMark => {
  const [, kind, number, core, closed] = /^(?:([esx])(\d+)(c?))?(t?)$/.exec(text) ?? []
  const ended = kind === undefined ? undefined : KINDS[kind]
  const ending = ended === undefined ? null : { kind: ended, number: Number(number), coreDumped: core === 'c' }
  return { ending, closed: closed === 't' }
}
