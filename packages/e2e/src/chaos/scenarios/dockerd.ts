/** The Docker engine dies, hangs, or goes silent. */
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { Scenario } from '../scenario.ts'
import { COUNTING } from '../stand/counted.ts'
import { secondsSince, until } from '../stand/until.ts'

const AWAY_MS = 10_000

export const dockerdKilled: Scenario = {
  name: 'dockerd-killed',
  promise:
    'SIGKILL of dockerd and its restart with live-restore: no stream notices, nothing is ended meanwhile, then sessions are made again',
  needs: { ownDockerd: true },
  run: async (stand) => {
    const streams = await stand.manyStreams(2)
    await stand.dockerd?.kill()
    await delay(AWAY_MS)
    for (const { id } of streams) assert.equal(await stand.phase(id), 'running')
    await stand.dockerd?.start()
    const worksAfterS = await stand.worksAgain()
    return { longestGapMs: Math.max(...streams.map(({ longestGapMs }) => longestGapMs)), worksAfterS }
  },
}

/** A ping may take 3 s. */
const TOLD_SECONDS = 10
/** A new session has 60 s to start. */
const GIVEN_UP_SECONDS = 90

export const dockerdHung: Scenario = {
  name: 'dockerd-hung',
  promise:
    'An engine that takes connections and never answers: running sessions do not notice, and a create fails within 10 s with the reason; one that had begun runs if the engine is back within its minute, else it fails as start-timeout',
  run: async (stand) => {
    const stream = await stand.stream()
    stand.engineDoor.swallow = /^/
    const begin = performance.now()
    await assert.rejects(stand.client.createSession(COUNTING), {
      code: 'RUNTIME_UNAVAILABLE',
      message: /did not answer/,
    })
    const toldAfterS = secondsSince(begin)
    assert.ok(toldAfterS < TOLD_SECONDS, `told only after ${toldAfterS} s`)
    stand.engineDoor.swallow = /^POST \S+containers\/create/
    const late = await stand.client.createSession(COUNTING, { waitSeconds: 0 })
    const reason = await until('the create is given up', () => stand.endReason(late.id), GIVEN_UP_SECONDS)
    assert.equal(reason, 'start-timeout')
    const lucky = await stand.client.createSession(COUNTING, { waitSeconds: 0 })
    await delay(AWAY_MS)
    assert.equal(await stand.phase(lucky.id), 'starting')
    stand.engineDoor.swallow = null
    stand.engineDoor.cut()
    const back = performance.now()
    await until('the other create runs', async () => (await stand.phase(lucky.id)) === 'running', GIVEN_UP_SECONDS)
    const runsAfterS = secondsSince(back)
    stand.view(lucky.id)
    return { longestGapMs: stream.longestGapMs, toldAfterS, runsAfterS }
  },
}

/** Every node is listed every 30 s. */
const RELIST_SECONDS = 60

export const engineEventsSilent: Scenario = {
  name: 'engine-events-silent',
  promise: 'An engine whose event stream is silent: the death of a container is noticed within 60 s all the same',
  run: async (stand) => {
    stand.engineDoor.swallow = /^GET \/(v[\d.]+\/)?events/
    stand.engineDoor.cut()
    const victim = await stand.stream()
    stand.streams.delete(victim)
    const [hostId] = await stand.engine.hosts(stand.cluster)
    await stand.engine.docker('kill', `hf-${stand.cluster}-${hostId}`)
    const begin = performance.now()
    await until('the death is recorded', () => stand.endReason(victim.id), RELIST_SECONDS)
    return { recordedAfterS: secondsSince(begin) }
  },
}
