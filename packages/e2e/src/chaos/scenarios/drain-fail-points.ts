/** The orchestrator dies around each call to the outside that moving a session off a drained node makes. */
import type { Scenario } from '../scenario.ts'
import { secondsSince, until } from '../stand/until.ts'
import { around, dieAt, WHOLE_SECONDS } from './fail-points.ts'
import { farOf, streamOn } from './nodes.ts'
import { goesOnAnew } from './suspend-fail-points.ts'

/** `store.transition`: the wish is written; around the later ones are the calls between them. */
const MOVE = around(
  ...['store.transition', 'host.suspend', 'runtime.exportWorkspace', 'runtime.importWorkspace', 'store.place'],
  ...['runtime.create', 'host.claim', 'runtime.remove'],
)

export const drainFailPoints: Scenario = {
  name: 'drain-fail-points',
  promise:
    'SIGKILL of the orchestrator around every step of moving a session off a drained node: it runs on the other one, in one container, with its old screen above the new one, and nothing of it is left behind',
  needs: { farNode: true },
  run: async (stand) => {
    await farOf(stand)
    let longestUntilMovedS = 0
    for (const point of MOVE) {
      const old = await streamOn(stand, 'far', { restart: 'on-loss' })
      await old.settle()
      stand.leave(old)
      await dieAt(stand, point, () => stand.client.drain('far', 0))
      const begin = performance.now()
      const hasMoved = async () => {
        const { node, phase } = await stand.client.getSession(old.id)
        return node === 'near' && phase === 'running'
      }
      await until(`${old.id} runs on the other node after ${point}`, hasMoved, WHOLE_SECONDS)
      longestUntilMovedS = Math.max(longestUntilMovedS, secondsSince(begin))
      await goesOnAnew(stand, old)
      await stand.client.uncordon('far')
    }
    return { points: MOVE.length, longestUntilMovedS }
  },
}
