/** An index that says nonsense about many sessions at once. */
import assert from 'node:assert/strict'
import type { Scenario } from '../scenario.ts'
import type { CountedStream } from '../stand/counted.ts'
import { until } from '../stand/until.ts'

const SESSIONS = 50
/** Of them so many lose their record, and so many get one that is no JSON: both are found again. */
const DELETED = 28
const UNREADABLE = 4
/** So many get a record of a later placement on a host that is not there: their containers are stale. */
const STALE = 7
/** And so many one of the same placement on such a host: which of the two is right is for an operator to say. */
const DOUBTFUL = 3
/** Removals that the governor allows in any minute with so few hosts. */
const ALLOWED = 5
const TWO_ROUNDS_SECONDS = 75

const mostInAMinute = (times: readonly number[]): number =>
  Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + 60_000).length))

export const indexCorrupt: Scenario = {
  name: 'index-corrupt',
  promise:
    'An index in which 32 of 50 records are gone or unreadable and 10 name another host: the 32 are found again; of the containers that are stale by it at most five a minute go, and none that may hold a live session without an operator’s word',
  run: async (stand) => {
    for (let made = 0; made < SESSIONS; made += 5) await stand.manyStreams(5, { env: { PACE: '1' } })
    const streams = [...stand.streams]
    const take = (count: number) => streams.splice(0, count)
    const { client: redis } = stand.redis
    const keyOf = ({ id }: CountedStream) => `hf:${stand.cluster}:{default}:session:${id}`
    const nobody = ({ id }: CountedStream) => JSON.stringify(`${id}-nobody`)
    const { removed } = stand.containerEvents()
    const [deleted, unreadable, stale, doubtful] = [DELETED, UNREADABLE, STALE, DOUBTFUL].map(take) as [
      CountedStream[],
      CountedStream[],
      CountedStream[],
      CountedStream[],
    ]
    for (const stream of deleted) await redis.del(keyOf(stream))
    for (const stream of unreadable) await redis.hset(keyOf(stream), 'conditions', '[{"type":')
    for (const stream of stale) await redis.hset(keyOf(stream), 'fence', '99', 'hostId', nobody(stream))
    for (const stream of doubtful) await redis.hset(keyOf(stream), 'hostId', nobody(stream))
    for (const stream of [...stale, ...doubtful]) stand.streams.delete(stream)
    const found = async () => {
      const phases = await Promise.all([...deleted, ...unreadable].map(({ id }) => stand.phase(id)))
      return phases.every((phase) => phase === 'running')
    }
    await until('every lost session is listed again', found, TWO_ROUNDS_SECONDS)
    const held = async () => (await stand.operator.held()).length === DOUBTFUL
    await until('the doubtful ones are held for an operator', held, TWO_ROUNDS_SECONDS)
    const removedInAMinute = mostInAMinute(removed)
    assert.ok(removedInAMinute <= ALLOWED, `${removedInAMinute} containers went within a minute`)
    await stand.operator.reap()
    return { sessions: SESSIONS, removedInAMinute }
  },
}
