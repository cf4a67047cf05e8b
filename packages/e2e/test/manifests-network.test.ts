/** Who reaches whom in an installation, by the rules of its NetworkPolicies. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { networkPolicies, render, whyNoKustomize, workloads } from './support/manifests.ts'
import { type Party, reaches } from './support/network-policy.ts'

const PORTS = [53, 80, 443, 6379, 7070, 8080, 8081, 9080, 9081, 26_379]
const STRANGERS: Readonly<Record<string, Party>> = {
  dns: { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
  prometheus: { namespace: 'monitoring', labels: {} },
  stranger: { namespace: 'default', labels: { 'app.kubernetes.io/name': 'gateway' } },
  world: { address: '93.184.216.34' },
  private: { address: '10.1.2.3' },
  metadata: { address: '169.254.169.254' },
}
/** The orchestrator's own policies let into sessions those who come to their port; they are tested with the runtime. */
const SESSION_PORT = {
  metadata: { namespace: 'holdfast-sessions' },
  spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ ports: [{ protocol: 'TCP', port: 7070 }] }] },
}

/** `from → to: ports`, for all in an installation, and for strangers with one of it. */
const connections = (overlay: string, components: string[] = []): string[] => {
  const objects = render(overlay, components)
  const policies = [...networkPolicies(objects), SESSION_PORT]
  const own = workloads(objects).map(({ metadata, spec }): [string, Party] => [
    metadata?.name ?? '',
    { namespace: metadata?.namespace ?? '', labels: spec.template.metadata?.labels ?? {} },
  ])
  own.push(['session', { namespace: 'holdfast-sessions', labels: { 'dev.holdfast.cluster': 'k8s' } }])
  const ours = new Set(own.map(([name]) => name))
  const all = [...own, ...Object.entries(STRANGERS)]
  const found = all.flatMap(([from, a]) =>
    all
      .filter(([to]) => from !== to && (ours.has(from) || ours.has(to)))
      .map(([to, b]) => [`${from} → ${to}`, PORTS.filter((port) => reaches(policies, a, b, port))] as const),
  )
  return found.filter(([, ports]) => ports.length > 0).map(([pair, ports]) => `${pair}: ${ports.join(' ')}`)
}

/** The gateway is the door, and hosts check a grant at theirs. */
const FROM_OUTSIDE = (['dns', 'prometheus', 'stranger', 'world', 'private', 'metadata'] as const).flatMap((name) => [
  `${name} → gateway: 8080`,
  `${name} → session: 7070`,
])

describe('network policies of an installation', { skip: whyNoKustomize }, () => {
  test('local: the door, the orchestrator behind it, Redis behind both, and nobody from a session', () => {
    const wanted = [
      'gateway → orchestrator: 8081',
      'gateway → redis: 6379',
      'gateway → session: 7070',
      'gateway → dns: 53',
      'orchestrator → redis: 6379',
      'orchestrator → session: 7070',
      'orchestrator → dns: 53',
      'orchestrator → world: 443', // the API server may be anywhere
      'orchestrator → private: 443',
      'redis → dns: 53',
      'secrets → dns: 53',
      'secrets → world: 443',
      'secrets → private: 443',
      ...FROM_OUTSIDE,
    ]
    assert.deepEqual(connections('local').sort(), wanted.sort())
  })

  test('production: Redis is outside, and with Prometheus the metrics are its alone', () => {
    const plain = connections('production')
    assert.ok(plain.includes('gateway → private: 6379 26379'))
    assert.ok(plain.includes('orchestrator → private: 443 6379 26379'))
    assert.ok(!plain.some((pair) => /: .*\b908[01]\b/.test(pair)))
    const more = connections('production', ['monitoring']).filter((pair) => !plain.includes(pair))
    assert.deepEqual(more, ['prometheus → gateway: 8080 9080 9081', 'prometheus → orchestrator: 9080 9081'])
  })
})
