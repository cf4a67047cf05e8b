/** The streams that events are read from, and the place in them at which a reader goes on. */
import type { ServerEvent } from '@holdfast/protocol'
import type { Principal } from '@holdfast/service-kit'
import type { NodeNews, SessionRecord, Stored, StoredChange } from '@holdfast/session-store'
import type { Domain } from './domain.ts'
import { sessionView } from './session-view.ts'

/** The id before the first change: of a stream that had none, which tells nothing about what came since. */
const NOTHING = '0-0'
/** Between the ids of an operator's two streams. */
export const ID_SEPARATOR = '/'

/** One of the streams that an answer is made of. */
export interface Source {
  latest(): Promise<string>
  /** Null when what came after it is not all known. */
  after(id: string, limit: number): Promise<{ id: string; tell: () => Promise<ServerEvent | null> }[] | null>
}

/** What is told of a change; null of one whose session is forgotten by now: that is told by a change of its own. */
const eventOf = async ({ store, live }: Domain, { event }: StoredChange): Promise<ServerEvent | null> => {
  if (event.type === 'removed') return { type: 'removed', id: event.id }
  const record: SessionRecord | null = await store.get(event.tenant, event.id)
  if (record === null) return null
  const session = sessionView(record, live.get(record.id)?.status ?? null)
  return { type: 'session', phase: event.phase, rev: event.rev, session }
}

const sessionsOf = (domain: Domain, tenant: string): Source => ({
  latest: () => domain.store.latestChange(tenant),
  after: async (id, limit) =>
    (await domain.store.changesAfter(tenant, id, limit))?.map((change) => ({
      id: change.id,
      tell: () => eventOf(domain, change),
    })) ?? null,
})

const nodeEventOf = async ({ event }: Stored<NodeNews>): Promise<ServerEvent | null> =>
  event.type === 'begun' ? null : event

const nodesOf = ({ nodeStore }: Domain): Source => ({
  latest: () => nodeStore.latestNews(),
  after: async (id, limit) =>
    (await nodeStore.newsAfter(id, limit))?.map((news) => ({ id: news.id, tell: () => nodeEventOf(news) })) ?? null,
})

/** What the caller may hear of. */
export const sourcesOf = (domain: Domain, { tenant, role }: Principal): Source[] => [
  sessionsOf(domain, tenant),
  ...(role === 'operator' ? [nodesOf(domain)] : []),
]

/** One id a source. */
export type Place = readonly string[]

/** Where to go on after the id asked from; `whole`: nothing is missing after it. What is not known goes on from its latest. */
export const placeOf = async (
  sources: readonly Source[],
  asked: string | undefined,
): Promise<{ place: Place; whole: boolean }> => {
  const ids = asked?.split(ID_SEPARATOR) ?? []
  const found = sources.map(async (source, at) => {
    const id = ids.length === sources.length ? (ids[at] ?? NOTHING) : NOTHING
    const known = id !== NOTHING && (await source.after(id, 0)) !== null
    return { id: known ? id : await source.latest(), known }
  })
  const places = await Promise.all(found)
  return { place: places.map(({ id }) => id), whole: places.every(({ known }) => known) }
}
