/** The one bridge network of a cluster's sessions: made when first needed, and guarded before anyone uses it. */
import { HoldfastError } from '@holdfast/protocol'
import type Docker from 'dockerode'
import type { NetworkInspectInfo } from 'dockerode'
import { call, DEADLINE_MS } from './docker-engine.ts'
import { LABEL } from './labels.ts'
import { guardNetwork } from './network-guard.ts'
import { RuntimeRefused } from './runtime.ts'

export interface SessionNetwork {
  /** The network's name, once it is there and its guard in place. Throws RUNTIME_UNAVAILABLE: no guard, no network. */
  ready(): Promise<string>
  /** The same, but makes no network where there is none. */
  restore(): Promise<void>
}

/** IFNAMSIZ is 16 with the closing zero. */
const MAX_BRIDGE_NAME = 15
const BRIDGE_NAME = 'com.docker.network.bridge.name'
const ICC = 'com.docker.network.bridge.enable_icc'

export const networkName = (cluster: string): string => `hf-${cluster}`
export const bridgeName = (cluster: string): string => networkName(cluster).slice(0, MAX_BRIDGE_NAME)

const find = async (docker: Docker, cluster: string): Promise<NetworkInspectInfo | null> => {
  const name = networkName(cluster)
  const all = await call('list networks', DEADLINE_MS.query, (abortSignal) =>
    docker.listNetworks({ filters: { name: [name] }, abortSignal } as Docker.NetworkListOptions),
  )
  const found = all.find((network) => network.Name === name) ?? null // the filter also finds parts of names
  if (found === null) return null
  const options = found.Options ?? {}
  const ours = found.Labels?.[LABEL.cluster] === cluster && options[BRIDGE_NAME] === bridgeName(cluster)
  if (!ours || options[ICC] !== 'false' || found.EnableIPv6) {
    throw new RuntimeRefused(`a network "${name}" is there that was not made by Holdfast as it is now; remove it`)
  }
  return found
}

const make = async (docker: Docker, cluster: string): Promise<NetworkInspectInfo | null> => {
  const body = {
    Name: networkName(cluster),
    Driver: 'bridge',
    CheckDuplicate: true,
    EnableIPv6: false, // the guard speaks IPv4 only
    Options: { [BRIDGE_NAME]: bridgeName(cluster), [ICC]: 'false' },
    Labels: { [LABEL.cluster]: cluster },
  }
  const making = call('make the network of the sessions', DEADLINE_MS.change, (abortSignal) =>
    docker.createNetwork({ _query: {}, _body: body, abortSignal } as unknown as Docker.NetworkCreateOptions),
  )
  // Another replica may have been first: then the refusal is about its network.
  const refusal = await making.then(() => null).catch((error: unknown) => error)
  const found = await find(docker, cluster)
  if (found === null && refusal !== null) throw refusal
  return found
}

export const sessionNetwork = (docker: Docker, cluster: string, guardImage: string): SessionNetwork => {
  // Of the network that this process has guarded: a network made anew is another one.
  let guardedId: string | null = null
  let running: Promise<string> | null = null

  const guard = async (network: NetworkInspectInfo | null): Promise<string> => {
    if (network === null) throw new RuntimeRefused('the network of the sessions went away while it was made')
    if (network.Id === guardedId) return network.Name
    await guardNetwork(docker, { cluster, image: guardImage, bridge: bridgeName(cluster) })
    guardedId = network.Id
    return network.Name
  }
  const closed = (error: Error): never => {
    if (error instanceof HoldfastError && error.code !== 'RUNTIME_UNAVAILABLE') throw error
    const reason = `sessions with a network are refused, for it cannot be guarded: ${error.message}`
    throw new HoldfastError('RUNTIME_UNAVAILABLE', reason, { cause: error })
  }
  const once = (work: () => Promise<string>): Promise<string> => {
    running ??= work()
      .catch(closed)
      .finally(() => {
        running = null
      })
    return running
  }
  return {
    ready: () => once(async () => guard((await find(docker, cluster)) ?? (await make(docker, cluster)))),
    restore: async () => {
      if ((await find(docker, cluster)) !== null) await once(async () => guard(await find(docker, cluster)))
    },
  }
}
