/** What NetworkPolicies let through, by their definition, since few clusters of tests enforce them. */
import { BlockList } from 'node:net'
import type {
  V1LabelSelector,
  V1NetworkPolicy,
  V1NetworkPolicyPeer,
  V1NetworkPolicyPort,
} from '@kubernetes/client-node'

export interface Pod {
  namespace: string
  labels: Readonly<Record<string, string>>
}
/** A pod, or an IPv4 address that is none. */
export type Party = Pod | { address: string }

type Labels = Readonly<Record<string, string>>

const selects = (selector: V1LabelSelector | undefined, labels: Labels): boolean =>
  Object.entries(selector?.matchLabels ?? {}).every(([name, value]) => labels[name] === value) &&
  (selector?.matchExpressions ?? []).every(({ key, operator, values }) => {
    const value = labels[key]
    if (operator === 'Exists') return value !== undefined
    if (operator === 'In') return value !== undefined && (values ?? []).includes(value)
    throw new Error(`unknown operator ${operator}`)
  })

const within = (cidr: string, address: string): boolean => {
  const [network = '', bits] = cidr.split('/')
  if (network.includes(':')) return false
  const block = new BlockList()
  block.addSubnet(network, Number(bits))
  return block.check(address)
}

const isMeant = (peer: V1NetworkPolicyPeer, home: string, party: Party): boolean => {
  if ('address' in party) {
    const { cidr, except = [] } = peer.ipBlock ?? {}
    return cidr !== undefined && within(cidr, party.address) && !except.some((part) => within(part, party.address))
  }
  // Addresses of pods count as addresses, too: what a block opens, it opens for pods in it.
  if (peer.ipBlock !== undefined) return false
  const { namespace, labels } = party
  const near = peer.namespaceSelector
    ? selects(peer.namespaceSelector, { 'kubernetes.io/metadata.name': namespace })
    : namespace === home
  return near && selects(peer.podSelector, labels)
}

/** As it is written: the library's type has another name for `from`. */
interface Rule {
  from?: V1NetworkPolicyPeer[]
  to?: V1NetworkPolicyPeer[]
  ports?: V1NetworkPolicyPort[]
}

/** A direction that no policy of the pod speaks of is open; else the rules of all of them add up. */
const passes = (policies: V1NetworkPolicy[], pod: Pod, direction: 'Ingress' | 'Egress', other: Party, port: number) => {
  const mine = policies.filter(
    ({ metadata, spec }) =>
      metadata?.namespace === pod.namespace &&
      selects(spec?.podSelector, pod.labels) &&
      spec?.policyTypes?.includes(direction),
  )
  const rules = mine.flatMap(({ spec }) => (direction === 'Egress' ? spec?.egress : spec?.ingress) ?? []) as Rule[]
  const isOpen = ({ from, to, ports }: Rule): boolean => {
    const peers = from ?? to
    return (
      (ports === undefined || ports.some((one) => one.port === port)) &&
      (peers === undefined || peers.some((peer) => isMeant(peer, pod.namespace, other)))
    )
  }
  return mine.length === 0 || rules.some(isOpen)
}

/** Does `from` reach that port of `to`? What is no pod is bound by nothing. */
export const reaches = (policies: V1NetworkPolicy[], from: Party, to: Party, port: number): boolean =>
  ('address' in from || passes(policies, from, 'Egress', to, port)) &&
  ('address' in to || passes(policies, to, 'Ingress', from, port))
