/** The network policies of a cluster's sessions: nobody is let in but to the host's port, and out go only those that may, to no private address. */
import type { V1NetworkPolicy } from '@kubernetes/client-node'
import { KUBE_MS, type KubeApi, unlessStatus } from './kubernetes-api.ts'
import { HOST_PORT, NETWORK_LABEL } from './kubernetes-pod.ts'
import { LABEL } from './labels.ts'
import { FORBIDDEN } from './network-guard.ts'

const policy = (cluster: string, name: string, spec: V1NetworkPolicy['spec']): V1NetworkPolicy => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: `hf-${cluster}-${name}`, labels: { [LABEL.cluster]: cluster } },
  ...(spec === undefined ? {} : { spec }),
})

/** To the cluster's own DNS, which has a private address. */
const dns = {
  to: [{ namespaceSelector: {}, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }],
  ports: [
    { protocol: 'UDP', port: 53 },
    { protocol: 'TCP', port: 53 },
  ],
}

/** Of IPv6 what is global unicast, without the two kinds that stand for an IPv4 address (Teredo, 6to4). */
const internet = {
  to: [
    { ipBlock: { cidr: '0.0.0.0/0', except: [...FORBIDDEN] } },
    { ipBlock: { cidr: '2000::/3', except: ['2001::/32', '2002::/16'] } },
  ],
}

/**
 * Of all sessions: in to the host's port, where every request needs a grant; not out, so none reaches another. Of those with a
 * network: out to the internet, and to DNS.
 */
export const networkPolicies = (cluster: string): V1NetworkPolicy[] => [
  policy(cluster, 'sessions', {
    podSelector: { matchLabels: { [LABEL.cluster]: cluster } },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [{ ports: [{ protocol: 'TCP', port: HOST_PORT }] }],
    egress: [],
  }),
  policy(cluster, 'internet', {
    podSelector: { matchLabels: { [LABEL.cluster]: cluster, [NETWORK_LABEL]: 'internet' } },
    policyTypes: ['Egress'],
    egress: [dns, internet],
  }),
]

/** Makes them, or gives those that are there their present rules. */
export const applyPolicies = async (api: KubeApi, cluster: string): Promise<void> => {
  for (const body of networkPolicies(cluster)) {
    const what = `make the network policy ${body.metadata?.name}`
    const call = { what, group: 'networking.k8s.io/v1', ms: KUBE_MS.change } as const
    const making = api.ask({ ...call, method: 'POST', path: 'networkpolicies', body })
    if ((await unlessStatus([409], making)) !== null) continue
    await api.ask({ ...call, method: 'PUT', path: `networkpolicies/${body.metadata?.name}`, body })
  }
}
