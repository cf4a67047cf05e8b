/** Redis forgets, remembers an earlier time, is slow or full. */
import assert from 'node:assert/strict'
import { cpSync, rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Scenario } from '../scenario.ts'
import type { CountedStream } from '../stand/counted.ts'
import type { Stand } from '../stand/stand.ts'
import { secondsSince, until } from '../stand/until.ts'

const AWAY_MS = 5_000
/** The store is looked at every 5 s, every node at least every 30 s. */
const ADOPTED_SECONDS = 45

export const longest = (streams: readonly CountedStream[]): number =>
  Math.max(...streams.map(({ longestGapMs }) => longestGapMs))

/** Seconds until all are listed as running. */
const allRun = async (stand: Stand, streams: readonly CountedStream[]): Promise<number> => {
  const begin = performance.now()
  const run = async () => {
    const phases = await Promise.all(streams.map(({ id }) => stand.phase(id).catch(() => 'none')))
    return phases.every((phase) => phase === 'running')
  }
  await until('every session is listed as running', run, ADOPTED_SECONDS)
  return secondsSince(begin)
}

export const redisFlushed: Scenario = {
  name: 'redis-flushed',
  promise: 'FLUSHALL: every session runs on and is listed again with its name, labels and time to live',
  quick: true,
  run: async (stand) => {
    const streams = await stand.manyStreams(4, { name: 'kept', labels: { kind: 'test' }, ttlSeconds: 3600 })
    const before = await Promise.all(streams.map(({ id }) => stand.client.getSession(id)))
    await stand.redis.client.flushall()
    const listedAfterS = await allRun(stand, streams)
    for (const { id, name, labels, createdAt } of before) {
      const after = await stand.client.getSession(id)
      assert.deepEqual({ ...after, name, labels, createdAt }, after)
    }
    return { longestGapMs: longest(streams), listedAfterS }
  },
}

export const redisOldCopy: Scenario = {
  name: 'redis-old-copy',
  promise:
    'Redis put back from an older copy: sessions made since are found again, sessions ended since end again, none is killed',
  run: async (stand) => {
    const kept = await stand.manyStreams(2)
    const ended = await stand.manyStreams(2)
    const copy = `${stand.redis.dir}.copy`
    cpSync(stand.redis.dir, copy, { recursive: true })
    const since = await stand.manyStreams(2)
    for (const stream of ended) await stand.end(stream)
    await until('they are gone', async () => (await stand.engine.hosts(stand.cluster)).length === 4, 60)
    await stand.redis.service.kill()
    rmSync(stand.redis.dir, { recursive: true })
    cpSync(copy, stand.redis.dir, { recursive: true })
    await stand.redis.service.start()
    const listedAfterS = await allRun(stand, [...kept, ...since])
    const over = async () => {
      const phases = await Promise.all(ended.map(({ id }) => stand.phase(id)))
      return phases.every((phase) => phase === 'failed' || phase === 'none')
    }
    await until('what had ended is not running', over, ADOPTED_SECONDS)
    return { longestGapMs: longest([...kept, ...since]), listedAfterS }
  },
}

export const redisFailover: Scenario = {
  name: 'redis-failover',
  promise: 'Failover to a replica that lacks the last writes: the session whose record was lost is found again',
  run: async (stand) => {
    const replica = await stand.newRedis('replica')
    await replica.service.start()
    await replica.client.replicaof('127.0.0.1', stand.redis.port)
    const kept = await stand.manyStreams(2)
    await until('the replica has it all', async () => (await stand.redis.client.wait(1, 1_000)) === 1, 20)
    await replica.client.replicaof('NO', 'ONE')
    const lost = await stand.stream()
    stand.redisDoor.target = { port: replica.port, host: '127.0.0.1' }
    stand.redisDoor.cut()
    await stand.redis.service.kill()
    stand.redis = replica
    const listedAfterS = await allRun(stand, [...kept, lost])
    const worksAfterS = await stand.worksAgain()
    return { longestGapMs: longest([...kept, lost]), listedAfterS, worksAfterS }
  },
}

export const redisSlow: Scenario = {
  name: 'redis-slow',
  promise:
    'Redis answers only after 2 s: streams and keys do not notice, calls fail with a reason instead of hanging, then all works again',
  run: async (stand) => {
    const streams = await stand.manyStreams(3)
    stand.redisDoor.delayMs = 1_000
    const begin = performance.now()
    await assert.rejects(stand.client.listSessions(), { code: 'STORE_UNAVAILABLE' })
    const failedAfterS = secondsSince(begin)
    assert.ok(failedAfterS < 3, `a call failed only after ${failedAfterS} s`)
    await delay(AWAY_MS)
    const echoMs = Math.round(Math.max(...(await Promise.all(streams.map((stream) => stream.echo())))))
    stand.redisDoor.delayMs = 0
    return { longestGapMs: longest(streams), echoMs, failedAfterS, worksAfterS: await stand.worksAgain() }
  },
}

export const redisFull: Scenario = {
  name: 'redis-full',
  promise:
    'Redis without memory refuses writes: a create says so, running sessions go on, and all works again once there is room',
  run: async (stand) => {
    const streams = await stand.manyStreams(3)
    await stand.redis.client.config('SET', 'maxmemory', '1mb')
    await assert.rejects(stand.client.createSession({ template: 'counted' }), { code: 'STORE_UNAVAILABLE' })
    await delay(AWAY_MS)
    for (const { id } of streams) assert.equal(await stand.phase(id), 'running')
    await stand.redis.client.config('SET', 'maxmemory', '0')
    return { longestGapMs: longest(streams), worksAfterS: await stand.worksAgain() }
  },
}
