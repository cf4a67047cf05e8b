/** What the terminal page shows around the terminal, and the words of its status line. */
import type { LinkState } from '@holdfast/client'
import { type Signal, signal } from '@preact/signals'
import { endText, type Tone } from '../wording.ts'

/** The link's own states, with the time a retry is due, and `over`: only the last screen of the session is left. */
export type Link =
  | Exclude<LinkState, { kind: 'waiting' }>
  | { kind: 'waiting'; dueAtMs: number; reason: string }
  | { kind: 'over'; end: string }

export interface ViewState {
  link: Signal<Link>
  readOnly: Signal<boolean>
  size: Signal<{ cols: number; rows: number }>
  /** The window here would fit another size than the session has. */
  foreignSize: Signal<boolean>
  control: Signal<'mine' | 'other' | 'nobody'>
  viewers: Signal<number>
  title: Signal<string>
  notice: Signal<string | null>
  /** Bytes of input that the program does not read; null while it does. */
  waitingInput: Signal<number | null>
  /** Grows with every bell. */
  bells: Signal<number>
  /** Directory of the shell, as it tells. */
  cwd: Signal<string>
  /** To the host and back, milliseconds. */
  rttMs: Signal<number | null>
  /** Bytes of output that came and are not drawn yet. */
  behind: Signal<number>
  /** Bytes of input that the host has not confirmed for a while. */
  unacknowledged: Signal<number>
  /** What the session itself waits for, before it can be attached to. */
  waking: Signal<string | null>
  /** A paste that is asked about. */
  pasting: Signal<string | null>
  /** The address that a click on the link under the mouse opens. */
  address: Signal<string | null>
  /** Of the search: which of how many; null while there is none. */
  found: Signal<{ at: number; count: number } | null>
  searching: Signal<boolean>
  /** Ctrl of the key bar: the next key is typed with it. */
  ctrl: Signal<boolean>
}

export const newViewState = (): ViewState => ({
  link: signal<Link>({ kind: 'connecting' }),
  readOnly: signal(false),
  size: signal({ cols: 0, rows: 0 }),
  foreignSize: signal(false),
  control: signal<'mine' | 'other' | 'nobody'>('nobody'),
  viewers: signal(0),
  title: signal(''),
  notice: signal<string | null>(null),
  waitingInput: signal<number | null>(null),
  bells: signal(0),
  cwd: signal(''),
  rttMs: signal<number | null>(null),
  behind: signal(0),
  unacknowledged: signal(0),
  waking: signal<string | null>(null),
  pasting: signal<string | null>(null),
  address: signal<string | null>(null),
  found: signal<{ at: number; count: number } | null>(null),
  searching: signal(false),
  ctrl: signal(false),
})

const CLOSED: Readonly<Record<number, string>> = {
  1000: 'Detached',
  4401: 'Not let in',
  4403: 'You may not attach to this session',
  4404: 'There is no such session',
  4409: 'Detached by someone else or by another page; not reconnecting',
  4410: 'The session is gone',
}

const closedText = (code: number, reason: string): string => {
  const known = CLOSED[code] ?? `Closed with code ${code}`
  return reason ? `${known}: ${reason}` : known
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

export interface LinkLine {
  tone: Tone
  text: string
}

/** What the line tells besides the state of the link. */
export interface LinkFacts {
  readOnly: boolean
  waitingInput: number | null
  behind: number
  unacknowledged: number
  waking: string | null
}

export const factsOf = (state: ViewState): LinkFacts => ({
  readOnly: state.readOnly.value,
  waitingInput: state.waitingInput.value,
  behind: state.behind.value,
  unacknowledged: state.unacknowledged.value,
  waking: state.waking.value,
})

/** Less is drawn before it can be read. */
const TOLD_BEHIND = 64 * 1024

const bytesText = (bytes: number): string => (bytes === 1 ? '1 byte' : `${bytes} bytes`)

const attachedLine = ({ readOnly, waitingInput, behind, unacknowledged }: LinkFacts): LinkLine => {
  if (waitingInput !== null)
    return { tone: 'busy', text: `The program does not read its input: ${waitingInput} bytes wait` }
  if (behind > TOLD_BEHIND) return { tone: 'busy', text: `Behind by ${Math.round(behind / 1024)} KB` }
  if (unacknowledged > 0) return { tone: 'busy', text: `Not confirmed yet: ${bytesText(unacknowledged)} of input` }
  return { tone: 'good', text: readOnly ? 'Attached, read-only' : 'Attached' }
}

/** The whole truth about the connection in one line. `nowMs` as Date.now(). */
export const linkLine = (link: Link, facts: LinkFacts, nowMs: number): LinkLine => {
  switch (link.kind) {
    case 'connecting':
      return { tone: 'busy', text: facts.waking ?? 'Connecting…' }
    case 'attached':
      return attachedLine(facts)
    case 'waiting': {
      const seconds = Math.ceil((link.dueAtMs - nowMs) / 1000)
      const when = seconds > 0 ? `in ${seconds} s` : 'now'
      if (facts.waking !== null) return { tone: 'busy', text: `${facts.waking}; next try ${when}` }
      const kept = facts.unacknowledged > 0 ? `; ${bytesText(facts.unacknowledged)} of input are kept` : ''
      return { tone: 'busy', text: `Reconnecting ${when}: ${link.reason || 'the connection was lost'}${kept}` }
    }
    case 'ended': {
      const failed = link.signal !== null || (link.exitCode ?? 0) !== 0
      return { tone: failed ? 'bad' : 'quiet', text: sentence(endText(link.exitCode, link.signal, link.coreDumped)) }
    }
    case 'over':
      return { tone: 'quiet', text: `${sentence(link.end)}. This is its last screen.` }
    case 'closed':
      return { tone: 'bad', text: closedText(link.code, link.reason) }
  }
}

/** Can the user attach once more? Not while attached or on the way, and not to what has ended. */
export const canReattach = (link: Link): boolean => link.kind === 'closed' && link.code !== 4404 && link.code !== 4410
