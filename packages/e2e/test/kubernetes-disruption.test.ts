/** What a cluster does to pods, each told apart: evicted by the worker, by a drain, preempted, on a worker that is lost; and what the attached see. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { randomId, type Session } from '@holdfast/protocol'
import { kubectl, whyNoCluster } from './support/kubernetes.ts'
import { Pods } from './support/pods.ts'
import { until } from './support/stack.ts'
import { type Viewer, view } from './support/viewer.ts'

const IMAGE = process.env.HOLDFAST_SESSION_IMAGE ?? 'holdfast/session'
const templateOf = (name: string, limits: string): string =>
  `- {name: ${name}, image: "${IMAGE}", command: [bash], network: false, limits: ${limits}}\n`
const LARGE = '{memoryMb: 2048, cpus: 0.1}'
const TEMPLATES =
  templateOf('small-tmp', '{memoryMb: 256, tmpMb: 8}') +
  templateOf('large', LARGE) +
  templateOf('large-pool', `${LARGE}, pool: {size: 1}`)

const attached = async (stand: Pods, session: Session): Promise<Viewer> => {
  const viewer = view(stand.client, session.id)
  await viewer.waitFor(/\$ /)
  return viewer
}
/** The command ended by a signal, as they see it; why, stands in the death. */
const assertEnded = async ({ attachment }: Viewer): Promise<void> => {
  const end = await attachment.ended
  assert.equal(end.kind, 'ended', JSON.stringify(end))
}

/** Workers are drained and filled, also for others that use them. */
const whyNoDisruption =
  process.env.HOLDFAST_DISRUPT === '1' ? whyNoCluster : 'it drains and fills workers (npm run test:k8s does)'

describe('what a cluster does to sessions', { skip: whyNoDisruption }, () => {
  // Below that of everybody else's pods, which a preemption must leave alone.
  const classes = { lowest: -300, low: -200, high: -100 }
  const nameOf = (priority: keyof typeof classes): string => `${prefix}-${priority}`
  const prefix = `hf-test-${randomId(8)}`
  const settings = { priorityClassName: nameOf('low'), poolPriorityClassName: nameOf('lowest') }
  const stand = new Pods({ templates: TEMPLATES, settings })
  before(async () => {
    for (const [priority, value] of Object.entries(classes)) {
      await kubectl('create', 'priorityclass', nameOf(priority as 'low'), `--value=${value}`)
    }
    await stand.start()
  })
  after(async () => {
    await stand.stop()
    await kubectl('delete', 'priorityclass', nameOf('lowest'), nameOf('low'), nameOf('high'))
  })
  const workerOf = (pod: string) => stand.here('get', 'pod', pod, '-o', 'jsonpath={.spec.nodeName}')

  test('a worker evicts a pod that takes more than its share: the worker’s words', async () => {
    const session = await stand.client.createSession({ template: 'small-tmp' })
    const viewer = await attached(stand, session)
    viewer.attachment.write('head -c 30000000 /dev/zero >/tmp/much\n')
    const { cause, detail } = await stand.deathOf(session.id, 90_000) // workers look at that from time to time
    assert.equal(cause, 'host-died')
    assert.match(detail, /^Evicted: .*EmptyDir volume "tmp" exceeds the limit/)
    // Workers may leave no time to say how the command ended.
    assert.match((await viewer.attachment.ended).kind, /^(ended|closed)$/)
    await stand.client.deleteSession(session.id)
  })

  test('a drain: who is attached hears of it, sessions are told as evicted, and a new one waits until the worker is back', async () => {
    const session = await stand.create()
    const viewer = await attached(stand, session)
    const worker = await workerOf(stand.podOf(session.id))
    await kubectl('cordon', worker)
    await until(
      'who is attached is told',
      () => viewer.notices[0]?.includes(`worker ${worker} takes no new pods`),
      90_000,
    )
    const mine = `--pod-selector=dev.holdfast.cluster=${stand.cluster}`
    await kubectl('drain', worker, mine, '--force', '--delete-emptydir-data', '--timeout=60s')
    try {
      const { cause, detail } = await stand.deathOf(session.id)
      assert.equal(cause, 'host-died')
      assert.match(detail, /^(EvictionByEvictionAPI|Deleted): /)
      await assertEnded(viewer)
      const next = await stand.client.createSession({ template: 'counted' }, { waitSeconds: 0 })
      const pod = stand.podOf(next.id)
      const condition = 'jsonpath={.status.conditions[?(@.type=="PodScheduled")].message}'
      await until('it has no place', async () =>
        /unschedulable/.test(await stand.here('get', 'pod', pod, '--ignore-not-found', '-o', condition)),
      )
      await kubectl('uncordon', worker)
      await until('it runs', async () => (await stand.client.getSession(next.id)).phase === 'running')
      for (const { id } of [session, next]) await stand.client.deleteSession(id)
    } finally {
      await kubectl('uncordon', worker)
    }
  })

  /** Takes all memory that is free on the worker, and half of what one large host has. */
  const preempt = async (name: string, worker: string): Promise<void> => {
    const requests = { memory: `${(await freeMib(worker)) + 1024}Mi` }
    const big = { name, image: IMAGE, imagePullPolicy: 'Never', command: ['sleep', '600'], resources: { requests } }
    const spec = {
      priorityClassName: nameOf('high'),
      nodeSelector: { 'kubernetes.io/hostname': worker },
      containers: [big],
    }
    await stand.here('run', name, `--image=${IMAGE}`, '--restart=Never', `--overrides=${JSON.stringify({ spec })}`)
  }

  test('pods that count for more take the place of one that waits first, then of a session: by whom', async () => {
    const waiting = async () => (await stand.here('get', 'pods', '-l', 'dev.holdfast.use=waiting', '-o', 'name')).trim()
    const isFull = async () => (await stand.client.pools())[0]?.waiting === 1
    await until('one waits', isFull, 60_000)
    const first = await waiting()
    const session = await stand.client.createSession({ template: 'large' })
    const viewer = await attached(stand, session)
    const worker = await workerOf(stand.podOf(session.id))
    await preempt('first', worker)
    const held = await until(
      'another one is made, which has no room',
      async () => {
        const now = await waiting()
        const isOne = now !== '' && !now.includes('\n') && now !== first
        return isOne && /Insufficient memory/.test(await stand.here('get', now, '-o', 'json')) && now
      },
      60_000,
    )
    assert.equal((await stand.client.getSession(session.id)).phase, 'running')

    await preempt('second', worker)
    const { cause, detail } = await stand.deathOf(session.id, 60_000)
    assert.equal(cause, 'host-died')
    assert.match(detail, new RegExp(`^(PreemptionByScheduler|Preempted): .*${stand.namespace}/second`))
    await assertEnded(viewer)
    assert.equal(await waiting(), held, 'it is kept, and no second one made')
    await stand.here('delete', 'pod', 'first', 'second', '--grace-period=1')
    await until('the one that was kept waits', isFull, 60_000)
    assert.equal(await waiting(), held)
    await stand.client.deleteSession(session.id)
  })
})

/** Of memory that the scheduler has not promised on the worker yet. */
const freeMib = async (worker: string): Promise<number> => {
  const text = await kubectl('describe', 'node', worker)
  const allocatable = Number(/Allocatable:[\s\S]*?memory:\s+(\d+)Ki/.exec(text)?.[1]) / 1024
  const requested = /Allocated resources:[\s\S]*?memory\s+(\d+)(Mi|Ki|Gi|)/.exec(text)
  const unit = { Ki: 1 / 1024, Mi: 1, Gi: 1024, '': 1 / 1024 ** 2 }[requested?.[2] as 'Mi'] ?? 1
  return Math.floor(allocatable - Number(requested?.[1]) * unit)
}

/** Beside the repository: what makes a worker on a Docker host of its own, and cuts it off. */
const INFRA = join(import.meta.dirname, '../../../../shared/infra')
const whyNoWorker = existsSync(join(INFRA, 'kube-node.sh'))
  ? whyNoDisruption
  : 'nothing here can add a worker that can be cut off'
const HOST = 'lost'

describe('a worker that is lost', { skip: whyNoWorker }, () => {
  const infra = async (script: string, ...args: string[]) =>
    (await promisify(execFile)(join(INFRA, script), args, { timeout: 120_000 })).stdout.trim()
  const stand = new Pods({ settings: { nodeSelector: { 'kubernetes.io/hostname': `node-${HOST}` } } })
  before(async () => {
    const [, socket = ''] = (await infra('dockerhosts-up.sh', HOST)).split(/\s+/)
    await promisify(execFile)('sh', [
      '-c',
      `docker save ${IMAGE} | docker -H ${socket.replace(/^(?=\/)/, 'unix://')} load`,
    ])
    await infra('kube-node.sh', HOST)
    await stand.start()
  })
  after(async () => {
    await infra('dockerhosts-join.sh', HOST)
    await stand.stop()
    await infra('kube-node.sh', '-d', HOST)
    await infra('dockerhosts-down.sh')
  })

  test('its sessions are out of sight and not dead, and go on where they were', async () => {
    const session = await stand.create()
    const viewer = await attached(stand, session)
    viewer.attachment.write('kept=$$\n')
    await infra('dockerhosts-cut.sh', HOST)
    const reason = await until(
      'the worker is named',
      async () => {
        const { conditions } = await stand.client.getSession(session.id)
        const reachable = conditions.find(({ type }) => type === 'Reachable')
        return reachable?.status === 'False' && /out of reach/.test(reachable.reason) && reachable.reason
      },
      90_000,
    )
    assert.equal(reason, `its worker node-${HOST} is out of reach`)
    assert.equal((await stand.client.getSession(session.id)).phase, 'running')
    assert.deepEqual(await stand.client.deaths(session.id), [])
    assert.notEqual(viewer.states.at(-1)?.kind, 'ended')
    await infra('dockerhosts-join.sh', HOST)
    await until('it is attached again', () => viewer.states.at(-1)?.kind === 'attached', 60_000)
    viewer.attachment.write('echo after-$((kept == $$))\n')
    await viewer.waitFor(/after-1/)
    viewer.attachment.detach()
    await stand.client.deleteSession(session.id)
  })
})
