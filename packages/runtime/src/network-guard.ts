/** The firewall rules that keep sessions with a network away from everything private: other sessions, the machine, its neighbours. */
import type Docker from 'dockerode'
import { call, DEADLINE_MS } from './docker-engine.ts'
import { runToEnd } from './one-shot.ts'

export interface GuardOptions {
  cluster: string
  /** Has a shell and iptables. */
  image: string
  /** Interface name of the sessions' bridge. */
  bridge: string
}

/** Destinations no session reaches. Source: IANA special-purpose address registry (RFC 6890). */
export const FORBIDDEN = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // shared (carrier NAT)
  '169.254.0.0/16', // link local: cloud metadata
  '172.16.0.0/12', // private: Docker's default networks
  '192.168.0.0/16', // private
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and the broadcast address
] as const

const GUARD_LABEL = 'dev.holdfast.guard'
/** A guard's container that is older than this was left behind. */
const STALE_MS = 120_000
const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/

/** A chain's name has at most 28 characters (iptables(8)). */
export const chainName = (cluster: string): string => `HOLDFAST-${cluster}`.slice(0, 28)

/**
 * Input of iptables-restore: the whole chain, replaced at once. Name servers of the engine come first, and only their
 * port 53: the engine's resolver asks them from inside the session's network namespace, so on a machine whose name
 * server has a private address the session would have no names at all.
 */
export const guardRules = (cluster: string, nameServers: readonly string[]): string => {
  const chain = chainName(cluster)
  const names = nameServers.flatMap((address) =>
    ['udp', 'tcp'].map((protocol) => `-A ${chain} -d ${address}/32 -p ${protocol} -m ${protocol} --dport 53 -j RETURN`),
  )
  const drops = FORBIDDEN.map((range) => `-A ${chain} -d ${range} -j DROP`)
  // Every address of the machine itself, public ones and all bridges' too.
  const local = `-A ${chain} -m addrtype --dst-type LOCAL -j DROP`
  return ['*raw', `:${chain} - [0:0]`, ...names, ...drops, local, 'COMMIT', ''].join('\n')
}

/** Table raw, because Docker puts its own rules in front of FORWARD's at every restart. */
const INSTALL = `set -e
printf %s "$RULES" | iptables-restore -w --noflush
jump="PREROUTING -i $BRIDGE -j $CHAIN"
iptables -w -t raw -C $jump 2>/dev/null || iptables -w -t raw -I $jump
iptables -w -t raw -C $jump`

/** As sessions get them: the engine leaves loopback addresses out, which a session could not reach. */
export const nameServersOf = (resolvConf: string): string[] =>
  resolvConf
    .split('\n')
    .map((line) => /^nameserver\s+(\S+)/.exec(line)?.[1] ?? '')
    .filter((address) => IPV4.test(address) && !address.startsWith('127.'))

const sweep = async (docker: Docker, cluster: string): Promise<void> => {
  const found = await call('list containers', DEADLINE_MS.query, (abortSignal) =>
    docker.listContainers({ all: true, filters: { label: [`${GUARD_LABEL}=${cluster}`] }, abortSignal }),
  )
  const stale = found.filter(({ Created }) => Created * 1000 < Date.now() - STALE_MS)
  const removing = stale.map(({ Id }) =>
    call('remove an old guard', DEADLINE_MS.change, (abortSignal) =>
      docker.getContainer(Id).remove({ force: true, v: true, abortSignal }),
    ),
  )
  await Promise.allSettled(removing)
}

/** Puts the rules in place; running it again changes nothing. Throws when it cannot be sure that they are there. */
export const guardNetwork = async (docker: Docker, { cluster, image, bridge }: GuardOptions): Promise<void> => {
  await sweep(docker, cluster)
  const base = { name: `hf-${cluster}-guard`, image, labels: { [GUARD_LABEL]: cluster } }
  // A container with a network namespace of its own gets the name servers that sessions get; one in the host's does not.
  const script = 'cat /etc/resolv.conf'
  const resolvConf = await runToEnd(docker, { ...base, script, env: {}, network: 'none', capabilities: [] })
  const env = { RULES: guardRules(cluster, nameServersOf(resolvConf)), CHAIN: chainName(cluster), BRIDGE: bridge }
  const capabilities = ['NET_ADMIN', 'NET_RAW']
  await runToEnd(docker, { ...base, script: INSTALL, env, network: 'host', capabilities })
}
