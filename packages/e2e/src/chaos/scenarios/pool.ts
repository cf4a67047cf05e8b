/** Faults of warm pools. */
import assert from 'node:assert/strict'
import type { Scenario } from '../scenario.ts'
import type { CountedStream } from '../stand/counted.ts'
import { SESSION_IMAGE } from '../stand/installation.ts'
import type { Stand } from '../stand/stand.ts'
import { secondsSince, until } from '../stand/until.ts'

/** Of `missing` there is no image; the image of `dying` is one of ours whose program ends at once. */
const BROKEN = `
- {name: missing, image: holdfast/no-such-image, command: [bash], network: false, pool: {size: 4}}
- {name: dying, image: holdfast/service, command: [bash], network: false, pool: {size: 4}}
`
/** Pools are looked at every 10 s. */
const NOTICED_SECONDS = 30
/** Made by a pool at one time. */
const AT_ONCE = 2
/** Ten times what a create takes on two idle cores. */
const CREATE_SECONDS = 8
const CREATES = 5

/** Seconds of the median create. */
const createTakes = async (stand: Stand): Promise<number> => {
  const times: number[] = []
  for (let n = 0; n < CREATES; n++) {
    const begin = performance.now()
    const made: CountedStream = await stand.stream()
    times.push(secondsSince(begin))
    await stand.end(made)
  }
  return times.sort((a, b) => a - b)[CREATES >> 1] as number
}

export const poolBroken: Scenario = {
  name: 'pool-image-broken',
  promise:
    'Warm pools whose image is missing or dies: they back off and say why, make no heap of containers, and other sessions start as ever',
  needs: { templates: BROKEN },
  run: async (stand) => {
    let most = 0
    const failing = async () => {
      most = Math.max(most, (await stand.engine.hosts(stand.cluster)).filter((host) => host.startsWith('warm-')).length)
      const pools = await stand.client.pools()
      return pools.every(({ state, error }) => state !== 'ok' && error !== undefined)
    }
    const createS = await createTakes(stand)
    assert.ok(createS < CREATE_SECONDS, `a create took ${createS} s while the pools failed`)
    const begin = performance.now()
    await until('both pools back off and say why', failing, NOTICED_SECONDS)
    const backingOffAfterS = secondsSince(begin)
    assert.ok(most <= AT_ONCE, `${most} containers of broken pools at one time`)
    return { createS, backingOffAfterS }
  },
}

/** Hosts that the pool of `warm` keeps waiting. */
export const WARM = 3
export const WARM_POOL = `
- {name: warm, image: "${SESSION_IMAGE}", command: [bash], network: false, limits: {memoryMb: 256, pids: 128}, pool: {size: ${WARM}}}
`

export const poolIsFull = async (stand: Stand): Promise<void> => {
  const full = async () => (await stand.client.pools()).every(({ waiting }) => waiting === WARM)
  await until('the pool is full', full, 60)
}

export const poolFlushed: Scenario = {
  name: 'pool-redis-flushed',
  promise:
    'FLUSHALL with a warm pool: sessions that came from it are found again as what they are, and its hosts wait on, none given twice',
  needs: { templates: WARM_POOL },
  run: async (stand) => {
    await poolIsFull(stand)
    const streams = await stand.manyStreams(WARM, { template: 'warm', name: 'from the pool' })
    await stand.redis.client.flushall()
    const begin = performance.now()
    const found = async () => {
      const all = await Promise.all(streams.map(({ id }) => stand.client.getSession(id).catch(() => undefined)))
      return all.every((session) => session?.phase === 'running' && session.name === 'from the pool')
    }
    await until('every session is listed again', found, 45)
    const listedAfterS = secondsSince(begin)
    await poolIsFull(stand)
    const warm = (await stand.engine.hosts(stand.cluster)).filter((host) => host.startsWith('warm-'))
    assert.equal(warm.length, streams.length + WARM)
    stand.waiting = WARM
    return { listedAfterS, longestGapMs: Math.max(...streams.map(({ longestGapMs }) => longestGapMs)) }
  },
}
