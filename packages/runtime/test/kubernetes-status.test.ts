/** What a pod's status says of a host; the statuses are those of kubelets, some of them recorded from 1.20. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LABEL } from '../src/index.ts'
import { ASSIGNMENT } from '../src/kubernetes-pod.ts'
import { hostOfPod, infoOf, obstacleOf, type PodAnswer } from '../src/kubernetes-status.ts'

const HOST = 'local-1-2'
const podWith = (status: PodAnswer['status'], annotations: Record<string, string> = {}): PodAnswer => ({
  metadata: {
    name: `hf-local-${HOST}`,
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '2026-11-28T03:47:12Z',
    labels: { [LABEL.cluster]: 'local', [LABEL.host]: HOST },
    annotations: { [LABEL.cluster]: 'local', [LABEL.host]: HOST, ...annotations },
  },
  ...(status === undefined ? {} : { status }),
})
const seen = (status: PodAnswer['status']) => infoOf(podWith(status), HOST, 'pods')
const running = { state: { running: {} } }
const terminated = (exitCode: number, reason: string) => ({ state: { terminated: { exitCode, reason } } })

test('a pod that runs is a host that runs, at its pod’s address', () => {
  const info = seen({ phase: 'Running', podIP: '10.244.0.7', containerStatuses: [running] })
  assert.deepEqual([info.state, info.exitCode, info.oomKilled, info.reason], ['running', null, false, undefined])
  assert.equal(info.address, 'tcp:10.244.0.7:7070')
  assert.equal(info.createdAt, '2026-11-28T03:47:12.000Z')
  assert.equal(seen({ podIP: 'fd00::7', containerStatuses: [running] }).address, 'tcp:[fd00::7]:7070')
})

test('a pod that waits is made but not started', () => {
  assert.equal(seen(undefined).state, 'created')
  assert.equal(seen({ phase: 'Pending' }).state, 'created')
  const waiting = { state: { waiting: { reason: 'ContainerCreating' } } }
  assert.equal(seen({ phase: 'Pending', containerStatuses: [waiting] }).state, 'created')
})

test('a process that ended by itself has its exit code and no other reason', () => {
  const ended = [
    seen({ phase: 'Succeeded', containerStatuses: [terminated(0, 'Completed')] }),
    seen({ phase: 'Failed', containerStatuses: [terminated(7, 'Error')] }),
  ]
  assert.deepEqual(
    ended.map(({ state, exitCode, reason }) => [state, exitCode, reason]),
    [
      ['exited', 0, undefined],
      ['exited', 7, undefined],
    ],
  )
})

test('one that was killed for memory says so', () => {
  const info = seen({ phase: 'Failed', containerStatuses: [terminated(137, 'OOMKilled')] })
  assert.deepEqual([info.state, info.exitCode, info.oomKilled, info.reason], ['exited', 137, true, undefined])
})

test('an eviction is over, with the worker’s words, also where it says nothing of the container', () => {
  const message = 'The node was low on resource: memory.'
  const info = seen({ phase: 'Failed', reason: 'Evicted', message })
  assert.deepEqual([info.state, info.exitCode, info.reason], ['exited', null, `Evicted: ${message}`])
})

test('preemption and a drain are told by the condition that newer clusters set', () => {
  for (const reason of ['PreemptionByScheduler', 'EvictionByEvictionAPI', 'TerminationByKubelet']) {
    const conditions = [{ type: 'DisruptionTarget', status: 'True', reason, message: 'gives way' }]
    const info = seen({ phase: 'Failed', conditions, containerStatuses: [terminated(137, 'Error')] })
    assert.equal(info.reason, `${reason}: gives way`)
  }
})

test('a pod that is deleted says so while it still runs, and after', () => {
  for (const state of [running, terminated(129, 'Error')]) {
    const pod = podWith({ phase: 'Running', containerStatuses: [state] })
    pod.metadata.deletionTimestamp = '2026-11-28T04:00:00Z'
    assert.match(infoOf(pod, HOST, 'pods').reason ?? '', /^Deleted: /)
  }
})

test('a worker that would not take the pod is its end', () => {
  const info = seen({ phase: 'Failed', reason: 'OutOfcpu', message: 'Pod Node didn’t have enough resource: cpu' })
  assert.deepEqual([info.state, info.exitCode], ['exited', null])
  assert.match(info.reason ?? '', /^OutOfcpu: /)
})

test('a pod of a worker that is lost has not ended: nobody has seen that', () => {
  const lost = { reason: 'NodeLost', message: 'Node a which was running pod x is unresponsive', podIP: '10.244.0.7' }
  for (const phase of ['Running', 'Unknown']) {
    const info = seen({ ...lost, phase, containerStatuses: [running] })
    assert.deepEqual([info.state, info.exitCode, info.reason], ['running', null, undefined])
  }
})

test('a worker out of reach is named, one that is just starting a pod is not', () => {
  const of = (reason?: string) => {
    const conditions = [{ type: 'Ready', status: 'False', ...(reason === undefined ? {} : { reason }) }]
    const pod = podWith({ phase: 'Running', containerStatuses: [running], conditions })
    return infoOf({ ...pod, spec: { nodeName: 'worker-1' } }, HOST, 'pods')
  }
  assert.deepEqual([of().state, of().unseen, of().reason], ['running', 'worker-1', undefined])
  assert.equal(of('ContainersNotReady').unseen, undefined)
})

test('a pod without room says so in the scheduler’s words', () => {
  const conditions = [{ type: 'PodScheduled', status: 'False', message: '0/1 nodes are available' }]
  const info = seen({ phase: 'Pending', conditions })
  assert.deepEqual([info.state, info.waits], ['created', '0/1 nodes are available'])
  assert.equal(seen({ phase: 'Pending' }).waits, undefined)
})

test('a pod whose time is over runs until its container has ended (1.20 calls it Failed before)', () => {
  const over = { phase: 'Failed', reason: 'DeadlineExceeded', message: 'Pod was active on the node longer …' }
  assert.equal(seen({ ...over, containerStatuses: [running] }).state, 'running')
  const ended = seen({ ...over, containerStatuses: [terminated(137, 'Error')] })
  assert.deepEqual([ended.state, ended.exitCode, ended.reason], ['exited', 137, undefined])
})

test('an assigned host has the labels of its session besides its own', () => {
  const assigned = { [ASSIGNMENT]: JSON.stringify({ [LABEL.session]: 's', [LABEL.tenant]: 'Ä' }), [LABEL.pool]: 'p' }
  const info = infoOf(podWith({ phase: 'Running' }, assigned), HOST, 'pods')
  assert.deepEqual([info.labels[LABEL.session], info.labels[LABEL.tenant], info.labels[LABEL.pool]], ['s', 'Ä', 'p'])
})

test('a pod of another cluster, or that only looks like ours, is none of ours', () => {
  const pod = podWith(undefined)
  assert.equal(hostOfPod(pod, 'local'), HOST)
  assert.equal(hostOfPod(pod, 'other'), null)
  assert.equal(hostOfPod({ ...pod, metadata: { ...pod.metadata, name: 'another' } }, 'local'), null)
  assert.equal(hostOfPod({ ...pod, metadata: { ...pod.metadata, annotations: {} } }, 'local'), null)
})

test('what keeps a pod from its start is told apart: image, refusal, and what may pass', () => {
  const waiting = (reason: string) =>
    obstacleOf(podWith({ containerStatuses: [{ state: { waiting: { reason } } }] }))?.kind
  for (const reason of ['ErrImageNeverPull', 'ImagePullBackOff', 'InvalidImageName'])
    assert.equal(waiting(reason), 'image')
  for (const reason of ['CreateContainerConfigError', 'CreateContainerError']) assert.equal(waiting(reason), 'refused')
  for (const reason of ['ContainerCreating', 'ErrImagePull']) assert.equal(waiting(reason), 'waits')
  const message = '0/3 nodes are available: 3 Insufficient memory.'
  const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }]
  assert.deepEqual(obstacleOf(podWith({ phase: 'Pending', conditions })), { kind: 'waits', message })
  assert.equal(obstacleOf(podWith({ phase: 'Running', containerStatuses: [running] })), null)
})
