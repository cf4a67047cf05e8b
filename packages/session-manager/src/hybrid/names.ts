/** One entry for each session, by the id that it keeps when it moves. */
import type { ServerEvent, Session } from '@holdfast/protocol'
import type { Move, Moves } from './moves.ts'

/** Label of a session that is the target of a move, until it has begun: the id that it will have. */
export const MOVING = 'holdfast/moving'

type All = ReadonlyMap<string, Move>

const known = (session: Session, id: string): Session => {
  const { [MOVING]: _moving, ...labels } = session.labels
  return { ...session, id, labels }
}

/** The id that each target of a move that is done has. */
const namesOf = (all: All): Map<string, string> =>
  new Map(Array.from(all).flatMap(([id, { target, ended }]) => (ended ? [[target, id] as const] : [])))

const isAt = (all: All, id: string): string => {
  const move = all.get(id)
  if (move === undefined) return id
  return move.ended ? move.target : move.source
}

/** The id by which the session is known that has this one. */
export const keptId = (id: string, moves: Moves): string => namesOf(moves.all()).get(id) ?? id

/** As it is known. */
export const named = (session: Session, moves: Moves): Session =>
  known(session, session.labels[MOVING] ?? keptId(session.id, moves))

/** None twice: the target of a move does not count while its source is there, nor a source that has moved. */
export const namedList = (sessions: readonly Session[], moves: Moves): Session[] => {
  const all = moves.all()
  const names = namesOf(all)
  const there = new Set(sessions.map(({ id }) => id))
  return sessions.flatMap((session) => {
    const id = session.labels[MOVING] ?? names.get(session.id) ?? session.id
    const at = isAt(all, id)
    return at === session.id || !there.has(at) ? [known(session, id)] : []
  })
}

/** What becomes of sources and targets while they move is not told. */
export async function* namedEvents(events: AsyncIterable<ServerEvent>, moves: Moves): AsyncIterable<ServerEvent> {
  /** Of all moves that were seen: one that is removed is not among the moves any more. */
  const names = new Map<string, string>()
  const left = new Set<string>()
  for await (const event of events) {
    const all = moves.all()
    for (const [target, id] of namesOf(all)) names.set(target, id)
    for (const { source, ended } of all.values()) if (ended) left.add(source)
    if (event.type !== 'session' && event.type !== 'removed') {
      yield event
      continue
    }
    const real = event.type === 'session' ? event.session.id : event.id
    const moving = event.type === 'session' ? event.session.labels[MOVING] : undefined
    const leaves = left.has(real) || Array.from(all.values()).some(({ source, ended }) => source === real && !ended)
    if (leaves || (moving !== undefined && isAt(all, moving) !== real)) continue
    const id = names.get(real) ?? real
    yield event.type === 'session' ? { ...event, session: known(event.session, id) } : { type: 'removed', id }
  }
}
