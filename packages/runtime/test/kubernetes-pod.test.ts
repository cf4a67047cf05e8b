/** What a cluster is asked for, as far as no cluster is needed to see it: pods, their names and labels, network policies. */
import assert from 'node:assert/strict'
import { BlockList } from 'node:net'
import { test } from 'node:test'
import type { NodeKubernetes } from '@holdfast/protocol'
import type { V1NetworkPolicy } from '@kubernetes/client-node'
import { LABEL } from '../src/index.ts'
import { networkPolicies } from '../src/kubernetes-network.ts'
import { ASSIGNMENT, HOST_PORT, podBody, podName, USE_LABEL } from '../src/kubernetes-pod.ts'
import { claimBody } from '../src/kubernetes-workspace.ts'
import { stubSpec } from './conformance.ts'

const settings: NodeKubernetes = { namespace: 'sessions' }
const place = { cluster: 'local', settings, cpuOvercommit: 4 }
const HOST = 'local-0123456789abcdef-00000001'
const pod = (more: Parameters<typeof stubSpec>[2] = {}, of = place) => podBody(stubSpec(HOST, 'image:1', more), of)
/** Values of labels, and names of labels and annotations without a prefix: Kubernetes, "Labels and Selectors". */
const WORD = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/
const DNS_NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/

test('name and labels keep the grammar of Kubernetes, whatever the host is given', () => {
  const labels = { [LABEL.session]: 'x'.repeat(500), [LABEL.tenant]: 'Ä / ö', [LABEL.limits]: '{"memoryMb":1}' }
  for (const hostId of [HOST, `a${'b'.repeat(62)}`]) {
    const { metadata } = podBody(stubSpec(hostId, 'i', { labels }), place)
    assert.match(metadata?.name ?? '', DNS_NAME)
    assert.ok((metadata?.name ?? '').length <= 253)
    for (const [name, value] of Object.entries(metadata?.labels ?? {})) {
      assert.match(name, WORD)
      assert.match(value, WORD)
    }
    assert.equal(metadata?.annotations?.[LABEL.tenant], 'Ä / ö')
    assert.equal(metadata?.annotations?.[LABEL.session]?.length, 500)
  }
})

test('an id that no pod can have is refused', () => {
  for (const hostId of ['', 'A-b', '../x', `a${'b'.repeat(63)}`, 'abc-']) {
    assert.throws(() => podName('local', hostId), { code: 'BAD_REQUEST' })
  }
})

test('identity is ours, and nobody’s session before it is assigned', () => {
  const labels = { [LABEL.cluster]: 'forged', [LABEL.host]: 'forged', [LABEL.fence]: '7', 'com.example': 'x' }
  const annotations = pod({ labels }).metadata?.annotations ?? {}
  assert.equal(annotations[LABEL.cluster], 'local')
  assert.equal(annotations[LABEL.host], HOST)
  assert.equal(annotations[LABEL.fence], '7')
  assert.equal(annotations[ASSIGNMENT], '')
  assert.equal(annotations['com.example'], undefined)
})

test('a pod meets the restricted Pod Security Standard, and has no token', () => {
  const { spec } = pod()
  assert.equal(spec?.automountServiceAccountToken, false)
  assert.equal(spec?.enableServiceLinks, false)
  assert.equal(spec?.restartPolicy, 'Never')
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC'] as const) assert.equal(spec?.[field], undefined)
  assert.equal(spec?.securityContext?.runAsNonRoot, true)
  assert.equal(spec?.securityContext?.runAsUser, 1000)
  assert.deepEqual(spec?.securityContext?.seccompProfile, { type: 'RuntimeDefault' })
  assert.deepEqual(spec?.containers[0]?.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  })
  assert.ok(spec?.volumes?.every(({ emptyDir }) => emptyDir !== undefined))
  const ours = spec?.containers[0]?.env?.map(({ name }) => name)
  assert.deepEqual(ours, ['HOLDFAST_HOST_ID', 'HOLDFAST_HOST_KEY', 'HOLDFAST_POD_IP', 'HOLDFAST_LISTEN'])
})

test('limits are given in full; memory is asked for in full, cores by the overcommit', () => {
  const limits = { memoryMb: 300, cpus: 1.5, tmpMb: 20 }
  const { spec } = pod({ limits })
  assert.deepEqual(spec?.containers[0]?.resources, {
    requests: { memory: '300Mi', cpu: '375m' },
    limits: { memory: '300Mi', cpu: '1500m' },
  })
  assert.deepEqual(spec?.volumes?.[0], { name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: '20Mi' } })
})

test('files go with the pod, or are in a claim named after the host that had them first', () => {
  assert.deepEqual(pod({ workspace: 'local-1-1' }).spec?.volumes?.[1], { name: 'workspace', emptyDir: {} })
  const claimed = { ...place, settings: { ...settings, storageClassName: 'fast', workspaceMb: 500 } }
  const [, volume] = pod({ workspace: 'local-1-1' }, claimed).spec?.volumes ?? []
  assert.deepEqual(volume, { name: 'workspace', persistentVolumeClaim: { claimName: 'hf-local-local-1-1' } })
  const { metadata, spec } = claimBody(stubSpec('local-1-2', 'i', { workspace: 'local-1-1' }), claimed)
  assert.deepEqual([metadata?.name, spec?.storageClassName], ['hf-local-local-1-1', 'fast'])
  assert.deepEqual(spec?.resources?.requests, { storage: '500Mi' })
})

test('what the operator chose for the cluster is in every pod, and nothing else is', () => {
  const plain = pod().spec
  assert.equal(plain?.containers[0]?.imagePullPolicy, 'IfNotPresent')
  assert.ok(!('runtimeClassName' in (plain ?? {})))
  const toleration = { key: 'sessions', operator: 'Exists', effect: 'NoSchedule' } as const
  const chosen: NodeKubernetes = {
    ...settings,
    imagePullPolicy: 'Never',
    imagePullSecrets: ['registry'],
    runtimeClassName: 'gvisor',
    priorityClassName: 'low',
    nodeSelector: { pool: 'sessions' },
    tolerations: [toleration],
  }
  const { spec } = pod({}, { ...place, settings: chosen })
  assert.equal(spec?.containers[0]?.imagePullPolicy, 'Never')
  assert.deepEqual(spec?.imagePullSecrets, [{ name: 'registry' }])
  assert.equal(spec?.runtimeClassName, 'gvisor')
  assert.equal(spec?.priorityClassName, 'low')
  assert.deepEqual(spec?.nodeSelector, { pool: 'sessions' })
  assert.deepEqual(spec?.tolerations?.at(-1), toleration)
})

test('pods that wait for a session have a priority of their own, and say that they wait', () => {
  const both = { ...place, settings: { ...settings, priorityClassName: 'sessions', poolPriorityClassName: 'pool' } }
  const waiting = pod({ labels: { [LABEL.pool]: 'shell.1' } }, both)
  const cold = pod({}, both)
  const of = ({ spec, metadata }: typeof cold) => [spec?.priorityClassName, metadata?.labels?.[USE_LABEL]]
  assert.deepEqual(
    [of(waiting), of(cold)],
    [
      ['pool', 'waiting'],
      ['sessions', 'session'],
    ],
  )
  const plain = { ...place, settings: { ...settings, priorityClassName: 'sessions' } }
  assert.equal(pod({ labels: { [LABEL.pool]: 'shell.1' } }, plain).spec?.priorityClassName, 'sessions')
})

test('sessions are spread over the workers, where there is a choice', () => {
  const [spread, ...more] = pod().spec?.topologySpreadConstraints ?? []
  assert.deepEqual(
    [spread?.topologyKey, spread?.whenUnsatisfiable, more],
    ['kubernetes.io/hostname', 'ScheduleAnyway', []],
  )
  assert.deepEqual(spread?.labelSelector?.matchLabels, { [LABEL.cluster]: 'local' })
})

test('a worker that is out of reach does not cost its sessions their pods', () => {
  const stays = pod().spec?.tolerations?.filter(({ effect }) => effect === 'NoExecute')
  const keys = stays?.map(({ key, operator, tolerationSeconds }) => [key, operator, tolerationSeconds])
  assert.deepEqual(keys, [
    ['node.kubernetes.io/not-ready', 'Exists', undefined],
    ['node.kubernetes.io/unreachable', 'Exists', undefined],
  ])
})

/** What the policies say, by their definition: rules of all policies that select the pod add up; a direction none speaks of is open. */
const selects = (policy: V1NetworkPolicy, labels: Record<string, string> = {}): boolean =>
  Object.entries(policy.spec?.podSelector?.matchLabels ?? {}).every(([name, value]) => labels[name] === value)
const mayReach = (labels: Record<string, string> | undefined, address: string, port: number): boolean => {
  const mine = networkPolicies('local').filter(
    (policy) => selects(policy, labels) && policy.spec?.policyTypes?.includes('Egress'),
  )
  const family = address.includes(':') ? 'ipv6' : 'ipv4'
  const within = (cidr: string): boolean => {
    const [network = '', bits] = cidr.split('/')
    const block = new BlockList()
    if (network.includes(':') !== (family === 'ipv6')) return false
    block.addSubnet(network, Number(bits), family)
    return block.check(address, family)
  }
  const rules = mine.flatMap(({ spec }) => spec?.egress ?? [])
  return (
    mine.length === 0 ||
    rules.some(
      ({ to, ports }) =>
        (ports?.some((open) => open.port === port) ?? true) &&
        to?.some(({ ipBlock }) => ipBlock && within(ipBlock.cidr) && !ipBlock.except?.some(within)),
    )
  )
}

test('a session without network reaches nothing, one with it no private address, no metadata and no other session', () => {
  const open = pod({ network: true }).metadata?.labels
  const closed = pod({ network: false }).metadata?.labels
  for (const address of ['93.184.216.34', '2606:2800:220:1::1']) {
    assert.ok(mayReach(open, address, 443), address)
    assert.ok(!mayReach(closed, address, 443), address)
  }
  const forbidden = ['10.96.0.1', '172.17.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '224.0.0.1']
  for (const address of [...forbidden, 'fd00::1', 'fe80::1', '::1', '::ffff:10.0.0.1', '2002:a00:1::1']) {
    assert.ok(!mayReach(open, address, 443), address)
  }
})

test('sessions are reached at the host’s port alone', () => {
  const [sessions] = networkPolicies('local').filter(({ spec }) => spec?.policyTypes?.includes('Ingress'))
  assert.ok(sessions !== undefined && selects(sessions, pod().metadata?.labels))
  assert.ok(!selects(sessions, { [LABEL.cluster]: 'another' }))
  assert.deepEqual(sessions.spec?.ingress, [{ ports: [{ protocol: 'TCP', port: HOST_PORT }] }])
})
