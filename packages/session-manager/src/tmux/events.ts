/** Changes of sessions, for as long as somebody listens: tmux is asked once a second, and nothing runs when nobody does. */

import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { ServerEvent, Session, SessionPage } from '@holdfast/protocol'

const LOOK_MS = 1_000

/** What the listener knows already is not told, and neither are viewers and titles alone, which change with every keystroke. */
const matters = ({ phase, name, labels, cols, rows, agent }: Session): unknown => ({
  ...{ phase, name, labels, cols, rows },
  agent: [agent?.name, agent?.state],
})

export async function* changes(list: () => Promise<SessionPage>, signal: AbortSignal): AsyncIterable<ServerEvent> {
  let known: ReadonlyMap<string, Session> | null = null
  for (let rev = 1; !signal.aborted; rev++) {
    const now: Map<string, Session> = new Map((await list()).sessions.map((session) => [session.id, session]))
    for (const session of now.values()) {
      const before = known?.get(session.id)
      const isNew = known !== null && (before === undefined || !isDeepStrictEqual(matters(before), matters(session)))
      if (isNew) yield { type: 'session', phase: session.phase, rev, session }
    }
    for (const id of known?.keys() ?? []) if (!now.has(id)) yield { type: 'removed', id }
    known = now
    await delay(LOOK_MS, undefined, { signal }).catch(() => {})
  }
}
