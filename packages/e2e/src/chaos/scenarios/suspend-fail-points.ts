/** The orchestrator dies around each call to the outside that a suspend, or the resume after it, makes. */
import assert from 'node:assert/strict'
import type { Phase } from '@holdfast/protocol'
import type { Measured, Scenario } from '../scenario.ts'
import type { CountedStream } from '../stand/counted.ts'
import type { Stand } from '../stand/stand.ts'
import { secondsSince, until } from '../stand/until.ts'
import { around, dieAt, WHOLE_SECONDS } from './fail-points.ts'

/** Before it nobody has heard of the request: it has to be made again. After every other point it must be carried out unasked. */
const UNHEARD = 'store.transition:before'

/** The record is written twice; what is around the second time are the screen's writing and the look at the container. */
const SUSPEND = around(
  ...['store.transition', 'jobs.converge', 'host.suspend', 'runtime.stop', 'runtime.tail', 'store.saveScreen'],
  'runtime.inspect',
)
const FREEZE = around('host.finalScreen', 'store.saveScreen', 'runtime.freeze', 'runtime.inspect')
/** Not around jobs.converge, which the orchestrator's start calls for every suspended session: it is between its neighbours. */
const RESUME = around(
  ...['store.transition', 'store.screen', 'store.place', 'runtime.create'],
  ...['host.ready', 'runtime.seal', 'host.claim', 'runtime.remove'],
)
const THAW = around('store.transition', 'runtime.thaw')

/** Dies at the point while it carries out `ask`, and reaches the phase all the same; seconds from the return of a sound one. */
const reachedInSpiteOf = async (
  stand: Stand,
  point: string,
  id: string,
  phase: Phase,
  ask: () => Promise<unknown>,
): Promise<number> => {
  await dieAt(stand, point, ask)
  const begin = performance.now()
  if (point === UNHEARD) await ask()
  await until(`${id} is ${phase} after ${point}`, async () => (await stand.phase(id)) === phase, WHOLE_SECONDS)
  return secondsSince(begin)
}

interface Way {
  freeze: boolean
  suspend: readonly string[]
  resume: readonly string[]
  /** A viewer that comes after the resume sees what it must. */
  goesOn(stand: Stand, old: CountedStream): Promise<void>
}

/** In a new incarnation. */
export const goesOnAnew = async (stand: Stand, { id, count }: CountedStream): Promise<void> => {
  const stream = stand.viewAnew(id)
  await stream.flows()
  assert.ok(stream.above.includes(`counted ${count}`), `above the new screen of ${id} is the old one: ${stream.above}`)
}

const STOPPED: Way = {
  freeze: false,
  suspend: SUSPEND,
  resume: RESUME,
  goesOn: goesOnAnew,
}

const FROZEN: Way = {
  freeze: true,
  suspend: FREEZE,
  resume: THAW,
  goesOn: (stand, { id }) => stand.view(id).flows(),
}

/** Nobody looks at it: who does would wake it. */
const leftAlone = async (stand: Stand, { freeze }: Way): Promise<CountedStream> => {
  const stream = await stand.stream()
  // What is to be seen again stands still.
  if (!freeze) await stream.settle()
  stand.leave(stream)
  return stream
}

const dyingAround = async (stand: Stand, way: Way): Promise<Measured> => {
  const { suspend, resume, freeze, goesOn } = way
  let longestUntilSuspendedS = 0
  for (const point of suspend) {
    const old = await leftAlone(stand, way)
    const ask = () => stand.client.suspendSession(old.id, { freeze })
    const seconds = await reachedInSpiteOf(stand, point, old.id, 'suspended', ask)
    longestUntilSuspendedS = Math.max(longestUntilSuspendedS, seconds)
    await stand.client.resumeSession(old.id)
    await goesOn(stand, old)
  }
  let longestUntilRunningS = 0
  for (const point of resume) {
    const old = await leftAlone(stand, way)
    await stand.client.suspendSession(old.id, { freeze })
    const ask = () => stand.client.resumeSession(old.id)
    const seconds = await reachedInSpiteOf(stand, point, old.id, 'running', ask)
    longestUntilRunningS = Math.max(longestUntilRunningS, seconds)
    await goesOn(stand, old)
  }
  return { points: suspend.length + resume.length, longestUntilSuspendedS, longestUntilRunningS }
}

export const suspendFailPoints: Scenario = {
  name: 'suspend-fail-points',
  promise:
    'SIGKILL of the orchestrator around every step of a suspend and of the resume after it: the session is what was asked for, in one container, with its old screen above the new one',
  run: (stand) => dyingAround(stand, STOPPED),
}

export const freezeFailPoints: Scenario = {
  name: 'freeze-fail-points',
  promise:
    'SIGKILL of the orchestrator around every step of a freeze and of the thaw after it: the session is what was asked for, and none of its bytes is lost',
  run: (stand) => dyingAround(stand, FROZEN),
}
