/** A list, page after page. */
import type { Session } from '@holdfast/protocol'
import type { HoldfastClient, ListQuery } from './client.ts'

/** The API's largest page. */
const PAGE = 200

/** Every session that the query matches, newest first: as many calls as there are pages of 200. */
export const allSessions = async (
  client: Pick<HoldfastClient, 'listSessions'>,
  query: Omit<ListQuery, 'limit' | 'cursor'> = {},
): Promise<Session[]> => {
  const sessions: Session[] = []
  let cursor: string | undefined
  do {
    const page = await client.listSessions({ ...query, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) })
    sessions.push(...page.sessions)
    cursor = page.cursor
  } while (cursor !== undefined)
  return sessions
}
