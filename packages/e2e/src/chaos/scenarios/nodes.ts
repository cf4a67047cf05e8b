/** Faults of one node of two. */
import assert from 'node:assert/strict'
import type { Measured, Scenario } from '../scenario.ts'
import type { CountedStream } from '../stand/counted.ts'
import { assertUnfelt, echoP99, percentile } from '../stand/echo.ts'
import type { FarNode } from '../stand/far-node.ts'
import type { Stand } from '../stand/stand.ts'
import { secondsSince, until } from '../stand/until.ts'

/** A node's first answers, its door's too. */
const READY_SECONDS = 30

export const farOf = async (stand: Stand): Promise<FarNode> => {
  if (stand.far === undefined) throw new Error('a stand with a far node')
  const reachable = async () => (await stand.client.nodes()).nodes.every((node) => node.reachable)
  await until('both nodes answer', reachable, READY_SECONDS)
  return stand.far
}

/** On that one of the two nodes. */
export const streamOn = async (stand: Stand, node: 'near' | 'far', more = {}): Promise<CountedStream> => {
  const other = node === 'near' ? 'far' : 'near'
  await stand.client.cordon(other)
  const stream = await stand.stream(more)
  await stand.client.uncordon(other)
  assert.equal((await stand.client.getSession(stream.id)).node, node)
  return stream
}

/** After so many seconds a node is called lost, and after so many left. */
const LOST_SECONDS = 5
const REPLACE_SECONDS = 15
/** The watch of a host gives up after 40 s of silence; from then on the times of a node are counted, by looks every 5 s. */
const NOTICED_SECONDS = 75

export const nodeCutOff: Scenario = {
  name: 'node-cut-off',
  promise:
    'A node that nobody reaches for longer than T2: a session that may start anew does so on the other node, one that may not waits and is called NodeLost; when the node is back, the older incarnation goes, and the one that waited goes on at the byte it had',
  needs: {
    farNode: true,
    env: {
      HOLDFAST_NODE_LOST_SECONDS: String(LOST_SECONDS),
      HOLDFAST_NODE_REPLACE_SECONDS: String(REPLACE_SECONDS),
    },
  },
  run: async (stand) => {
    const far = await farOf(stand)
    const neighbour = await streamOn(stand, 'near')
    const waits = await streamOn(stand, 'far', { restart: 'never' })
    const moves = await streamOn(stand, 'far', { restart: 'on-loss' })
    stand.leave(moves)
    const sessionOf = ({ id }: CountedStream) => stand.client.getSession(id)
    const isLost = async (stream: CountedStream) =>
      (await sessionOf(stream)).conditions.some(({ type, status }) => type === 'NodeLost' && status === 'True')
    await far.cutOff()
    const cut = performance.now()
    await until('the session that waits is called NodeLost', () => isLost(waits), NOTICED_SECONDS + LOST_SECONDS)
    const lostAfterS = secondsSince(cut)
    const hasMoved = async () => {
      const { node, phase } = await sessionOf(moves)
      return node === 'near' && phase === 'running'
    }
    await until('the other one runs on the other node', hasMoved, NOTICED_SECONDS + REPLACE_SECONDS)
    const movedAfterS = secondsSince(cut)
    assert.ok(movedAfterS >= REPLACE_SECONDS, `it was moved after ${movedAfterS} s already`)
    await stand.view(moves.id).flows()
    assert.deepEqual([(await sessionOf(waits)).phase, await isLost(waits)], ['running', true])
    const doubled = (await far.engine.hosts(stand.cluster)).filter((host) => host.startsWith(`${moves.id}-`))
    assert.equal(doubled.length, 1, 'the older incarnation runs on where nobody reaches it')
    await far.reconnect()
    const back = performance.now()
    await until('the session that waited is called lost no more', async () => !(await isLost(waits)), NOTICED_SECONDS)
    await waits.flows()
    const goesOnAfterS = secondsSince(back)
    return { lostAfterS, movedAfterS, goesOnAfterS, neighbourGapMs: neighbour.longestGapMs }
  },
}

const CREATES = 30
/** What a create may take more than before, seconds: of the first ones each of two questions to the node that hangs takes half a second. */
const MAX_MORE_S = { p50: 0.5, p99: 1.5 }

/** Creates one after the other, each ended before the next. */
const creates = async (stand: Stand, node?: string): Promise<{ p50: number; p99: number }> => {
  const times: number[] = []
  for (let n = 0; n < CREATES; n++) {
    const begin = performance.now()
    const session = await stand.client.createSession({ template: 'counted' })
    times.push(secondsSince(begin))
    assert.equal(session.phase, 'running', session.reason)
    if (node !== undefined) assert.equal(session.node, node)
    await stand.client.deleteSession(session.id)
  }
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
}

export const engineHungBeside: Scenario = {
  name: 'engine-hung-beside',
  promise:
    'An engine that takes connections and never answers, beside a healthy node: creates go to the healthy one and are hardly delayed, and running sessions of both do not notice',
  needs: { farNode: true },
  run: async (stand): Promise<Measured> => {
    const far = await farOf(stand)
    const streams = [await streamOn(stand, 'near'), await streamOn(stand, 'far')]
    const typists = [await streamOn(stand, 'near'), await streamOn(stand, 'far')]
    const typed = () => Promise.all(typists.map(echoP99))
    const [before, echoesBefore] = [await creates(stand), await typed()]
    far.hang()
    const [during, echoesDuring] = [await creates(stand, 'near'), await typed()]
    for (const [n, echo] of echoesDuring.entries()) assertUnfelt(echoesBefore[n] as number, echo)
    for (const which of ['p50', 'p99'] as const) {
      const moreS = during[which] - before[which]
      assert.ok(moreS <= MAX_MORE_S[which], `the ${which} of creates: ${before[which]} s, then ${during[which]} s`)
    }
    for (const { id } of streams) assert.equal(await stand.phase(id), 'running')
    far.recover()
    return {
      ...{ createP50BeforeS: before.p50, createP50DuringS: during.p50 },
      ...{ createP99BeforeS: before.p99, createP99DuringS: during.p99 },
      ...{ echoBeforeMs: Math.max(...echoesBefore), echoDuringMs: Math.max(...echoesDuring) },
      longestGapMs: Math.max(...streams.map(({ longestGapMs }) => longestGapMs)),
    }
  },
}
