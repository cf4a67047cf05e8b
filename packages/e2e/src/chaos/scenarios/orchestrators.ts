/** Two orchestrators, one of which falls asleep in the middle of its work. */
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { Scenario } from '../scenario.ts'
import { COUNTING } from '../stand/counted.ts'
import { until } from '../stand/until.ts'

const SESSIONS = 4
/** How far the creates have come when it is frozen, milliseconds. */
const MOMENTS = [30, 150, 400]
/** Lock and stalled interval of a job are 15 s: by then the other one has taken its work over. */
const FROZEN_MS = 20_000

export const frozenOrchestrator: Scenario = {
  name: 'orchestrator-frozen',
  promise:
    'An orchestrator frozen past its lease in the middle of creates, and thawed: the other one takes over, and each session has one container ever',
  needs: { orchestrators: 2 },
  run: async (stand) => {
    const [sleeper] = stand.orchestrators
    const [first, second] = stand.clients
    if (sleeper === undefined || first === undefined || second === undefined) throw new Error('a stand of two')
    const { made } = stand.containerEvents()
    for (const moment of MOMENTS) {
      const keys = Array.from({ length: SESSIONS }, (_, n) => `${moment}-${n}`)
      const asked = keys.map((idempotencyKey) =>
        first.createSession(COUNTING, { idempotencyKey, waitSeconds: 0 }).catch(() => undefined),
      )
      await delay(moment)
      sleeper.signal('SIGSTOP')
      await delay(FROZEN_MS)
      for (const idempotencyKey of keys) {
        const runs = async () => {
          const session = await second
            .createSession(COUNTING, { idempotencyKey, waitSeconds: 5 })
            .catch(() => undefined)
          return session?.phase === 'running' && session
        }
        const session = await until(`the create ${idempotencyKey} runs by the other orchestrator`, runs, 60)
        stand.view(session.id, second)
      }
      sleeper.signal('SIGCONT')
      await Promise.all(asked)
    }
    await delay(FROZEN_MS)
    assert.equal(made.length, SESSIONS * MOMENTS.length, `${made.length} containers were made`)
    return { sessions: stand.streams.size, containersEver: made.length }
  },
}
