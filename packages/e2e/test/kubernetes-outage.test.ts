/** The API server away, and the orchestrator away: sessions stream on, nothing is declared dead that may live, and afterwards all is known. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CountedStream } from '../src/chaos/stand/counted.ts'
import { whyNoCluster } from './support/kubernetes.ts'
import { Pods } from './support/pods.ts'
import { until } from './support/stack.ts'

/** At least longer than anything waits for the API server: a watch that went silent 25 s, a list 10 s, a reconciliation 30 s. */
const AWAY_MS = process.env.HOLDFAST_DISRUPT === '1' ? 120_000 : 40_000
const LOST_S = 5

describe('without API server, without orchestrator', { skip: whyNoCluster }, () => {
  const stand = new Pods({ env: { HOLDFAST_NODE_LOST_SECONDS: String(LOST_S) } })
  before(() => stand.start())
  after(() => stand.stop())
  const session = (id: string) => stand.client.getSession(id)
  const conditionsOf = async (id: string) =>
    Object.fromEntries((await session(id)).conditions.map(({ type, status }) => [type, status]))
  const deaths = async (id: string) => (await stand.client.deaths(id)).map(({ cause }) => cause)

  test('an API server that hangs: sessions stream on, also to who comes anew; nothing is dead before it is back', async () => {
    const { client, door } = stand
    const kept = await CountedStream.create(client)
    const gone = await stand.create()
    door.mute = true
    door.swallow = /^/
    await stand.here('delete', 'pod', stand.podOf(gone.id), '--grace-period=1')
    await until(
      `it is away for ${AWAY_MS} ms`,
      async () => {
        const [node] = (await client.nodes()).nodes
        return node?.reachable === false && (node.heartbeatAgeMs ?? 0) > AWAY_MS
      },
      2 * AWAY_MS,
    )
    await kept.flows()
    const late = new CountedStream(client, kept.id)
    await late.flows()
    late.detach()
    assert.equal((await session(kept.id)).phase, 'running')
    const { Reachable, NodeLost } = await conditionsOf(kept.id)
    assert.deepEqual([Reachable, NodeLost], ['True', undefined], 'its host answers')
    // Of this one nobody knows: neither host nor cluster answers.
    assert.equal((await session(gone.id)).phase, 'running')
    assert.equal((await conditionsOf(gone.id)).NodeLost, 'True')
    assert.deepEqual([await deaths(kept.id), await deaths(gone.id)], [[], []])

    door.mute = false
    door.swallow = null
    door.cut()
    assert.match((await stand.deathOf(gone.id, 90_000)).cause, /^(lost|host-died)$/)
    await kept.settle()
    assert.deepEqual(await deaths(kept.id), [])
    const anew = await stand.create()
    assert.equal(anew.phase, 'running')
    for (const { id } of [kept, gone, anew]) await client.deleteSession(id)
  })

  test('orchestrator down while pods are made, deleted and evicted: the census is right afterwards', async () => {
    const { client, pair } = stand
    const kept = await CountedStream.create(client)
    const [deleted, evicted] = [await stand.create(), await stand.create()]
    const made = client.createSession({ template: 'counted', name: 'made' }).catch(() => null)
    await until('the pod of the fourth is there', async () => (await stand.pods()).length === 4)
    await pair.orchestrator.kill()
    await made
    await stand.here('delete', 'pod', stand.podOf(deleted.id))
    await stand.evict(stand.podOf(evicted.id))
    await kept.flows()
    await pair.orchestrator.start()

    for (const { id } of [deleted, evicted]) {
      assert.match((await stand.deathOf(id, 90_000)).cause, /^(lost|host-died)$/)
      assert.equal((await session(id)).phase, 'failed')
    }
    const rest = async () => {
      const all = (await client.listSessions()).sessions.filter(({ phase }) => phase === 'running')
      return all.length === 2 && all
    }
    const running = await until('the rest runs', rest, 90_000)
    assert.deepEqual(running.map(({ name }) => name).sort(), [kept.id, 'made'].sort())
    const podsOf = running.map(({ id }) => stand.podOf(id)).sort()
    await until(
      'a pod for each of them, and no other',
      async () => String((await stand.pods()).sort()) === String(podsOf),
    )
    await kept.settle()
    kept.detach()
  })
})
