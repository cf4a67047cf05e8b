/** Docker and a cluster as nodes of one orchestrator: pools of pods, claimed and preempted; and sessions that overflow from one to the other. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Placement, randomId } from '@holdfast/protocol'
import { kubectl, whyNoCluster } from './support/kubernetes.ts'
import { Pods } from './support/pods.ts'
import { DOCKER_SOCKET, until } from './support/stack.ts'
import { view } from './support/viewer.ts'

const IMAGE = process.env.HOLDFAST_SESSION_IMAGE ?? 'holdfast/session'
const POOLED = (size: number): string =>
  `- {name: pooled, image: "${IMAGE}", command: [bash], network: false, limits: {memoryMb: 256, cpus: 1, pids: 128}, pool: {size: ${size}}}\n`

interface Pod {
  metadata: { name: string; labels: Record<string, string>; deletionTimestamp?: string }
  spec: { priorityClassName?: string }
}

describe('a pool of pods', { skip: whyNoCluster }, () => {
  const low = `hf-test-${randomId(8)}`
  const stand = new Pods({ templates: POOLED(2), settings: { poolPriorityClassName: low } })
  before(async () => {
    await kubectl('create', 'priorityclass', low, '--value=-100')
    await stand.start()
  })
  after(async () => {
    await stand.stop()
    await kubectl('delete', 'priorityclass', low)
  })
  const pods = async (use: 'waiting' | 'session'): Promise<Pod[]> => {
    const list = JSON.parse(await stand.here('get', 'pods', `--selector=dev.holdfast.use=${use}`, '-o', 'json'))
    return (list.items as Pod[]).filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  }
  const full = (size: number) =>
    until(
      `${size} wait`,
      async () => {
        const [pool] = await stand.client.pools()
        return pool?.waiting === size
      },
      60_000,
    )

  test('pods wait with the lowest priority; a session gets one, is bound late, and nobody else gets it', async () => {
    await full(2)
    const waiting = await pods('waiting')
    assert.deepEqual(
      waiting.map(({ spec }) => spec.priorityClassName),
      [low, low],
    )
    const make = (name: string) => stand.client.createSession({ template: 'pooled', env: { WHO: name }, name })
    const made = await Promise.all([make('first'), make('second')])
    for (const { id, name } of made) {
      const viewer = view(stand.client, id)
      viewer.attachment.write('echo "is-$WHO"\n')
      await viewer.waitFor(new RegExp(`is-${name}`))
      viewer.attachment.detach()
    }
    const names = waiting.map(({ metadata }) => metadata.name).sort()
    const taken = (await pods('session')).map(({ metadata }) => metadata.name).sort()
    assert.deepEqual(taken, names, 'those that waited')
    await full(2)
    assert.equal((await pods('waiting')).length, 2, 'no more than asked for')
    for (const { id } of made) await stand.client.deleteSession(id)
  })

  test('a waiting pod that goes is replaced, by one', async () => {
    await full(2)
    const [gone] = await pods('waiting')
    await stand.here('delete', 'pod', gone?.metadata.name ?? '', '--grace-period=1')
    const isReplaced = async () => {
      const names = (await pods('waiting')).map(({ metadata }) => metadata.name)
      return names.length === 2 && !names.includes(gone?.metadata.name ?? '')
    }
    await until('another one waits', isReplaced, 60_000)
    await full(2)
  })
})

describe('from Docker to a cluster', { skip: whyNoCluster }, () => {
  const stand = new Pods({
    nodes: [{ id: 'own', engine: { socket: DOCKER_SOCKET }, capacity: { sessions: 2 } }],
    node: { tier: 1 },
  })
  before(() => stand.start())
  after(() => stand.stop())

  test('sessions go to Docker while it has room, then to the cluster, and back; the decision says why', async () => {
    const made = [await stand.create(), await stand.create(), await stand.create()]
    assert.deepEqual(
      made.map(({ node, runtime }) => [node, runtime]),
      [
        ['own', 'docker'],
        ['own', 'docker'],
        ['pods', 'kubernetes'],
      ],
    )
    const [first, , third] = made
    const { reason } = (await stand.get(`/v1/sessions/${third?.id}/placement`)) as { reason: string }
    assert.match(reason, /^pods scored [\d.]+ in tier 1; not own: no room: 2 of 2 sessions are taken, 1 needed$/)
    const { node, nodes } = (await stand.get('/v1/placement?template=counted')) as Placement
    assert.deepEqual(
      [node, nodes.map(({ id, tier }) => [id, tier])],
      [
        'pods',
        [
          ['pods', 1],
          ['own', 0],
        ],
      ],
    )
    await stand.client.deleteSession(first?.id ?? '')
    const next = await stand.create()
    assert.equal(next.node, 'own')
    for (const { id } of [...made.slice(1), next]) {
      const viewer = view(stand.client, id)
      viewer.attachment.write('echo is-$((40 + 2))\n')
      await viewer.waitFor(/is-42/)
      viewer.attachment.detach()
      await stand.client.deleteSession(id)
    }
  })
})
