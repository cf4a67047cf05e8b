/** A session that was still starting when its create was answered. */
import type { Session } from '@holdfast/protocol'
import type { HoldfastClient } from './client.ts'
import { delay } from './delay.ts'

/** Between two looks at a session that did not start within the API's own wait. */
const LOOK_AGAIN_MS = 500

/** The session as it is once it starts no more: it runs, has ended or has failed (`phase`). Aborting `signal` rejects with its reason. */
export const untilStarted = async (
  client: Pick<HoldfastClient, 'getSession'>,
  made: Session,
  signal?: AbortSignal,
): Promise<Session> => {
  let session = made
  while (session.phase === 'pending' || session.phase === 'starting') {
    await delay(LOOK_AGAIN_MS, signal)
    session = await client.getSession(session.id)
  }
  return session
}
