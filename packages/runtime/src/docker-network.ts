/** The bridge networks of a cluster's sessions: made as they are needed, and guarded before anyone uses them. */
import { HoldfastError } from '@holdfast/protocol'
import type Docker from 'dockerode'
import type { NetworkInspectInfo } from 'dockerode'
import { call, DEADLINE_MS, unless } from './docker-engine.ts'
import { LABEL } from './labels.ts'
import { guardNetwork } from './network-guard.ts'
import { RuntimeRefused } from './runtime.ts'

export interface SessionNetwork {
  /** Name of a network with room, once it is there and its guard in place. Throws RUNTIME_UNAVAILABLE: no guard, no network. */
  ready(): Promise<string>
  /** Puts the guards of all networks in place, but makes none. */
  restore(): Promise<void>
  /** Containers on all of them, and how many there may be. */
  ports(): Promise<{ used: number; limit: number }>
}

export interface NetworkOptions {
  cluster: string
  guardImage: string
  /** Containers on one bridge. */
  maxPorts?: number
}

/** A Linux bridge takes 1023 interfaces (BR_MAX_PORTS is 1024); some are left for creates under way. Source: moby#44973. */
const MAX_PORTS = 900
/** One digit in the interface's name. Engines have addresses for about 30 networks by default. */
const MAX_BRIDGES = 9
const BRIDGE_NAME = 'com.docker.network.bridge.name'
const ICC = 'com.docker.network.bridge.enable_icc'

export const networkName = (cluster: string, number = 1): string => `hf-${cluster}${number === 1 ? '' : `-${number}`}`
/** IFNAMSIZ is 16 with the closing zero, and a cluster's name has up to 12 characters. */
export const bridgeName = (cluster: string, number = 1): string => `h${number === 1 ? 'f' : number}-${cluster}`

/** Null where there is none. Its `Containers` are those that run. */
const find = async (docker: Docker, cluster: string, number: number): Promise<NetworkInspectInfo | null> => {
  const name = networkName(cluster, number)
  const inspecting = call('inspect a network', DEADLINE_MS.query, () => docker.getNetwork(name).inspect())
  const found = await unless([404], inspecting)
  if (found === null) return null
  const options = found.Options ?? {}
  const ours = found.Labels?.[LABEL.cluster] === cluster && options[BRIDGE_NAME] === bridgeName(cluster, number)
  if (!ours || options[ICC] !== 'false' || found.EnableIPv6) {
    throw new RuntimeRefused(`a network "${name}" is there that was not made by Holdfast as it is now; remove it`)
  }
  return found
}

const make = async (docker: Docker, cluster: string, number: number): Promise<NetworkInspectInfo | null> => {
  const body = {
    Name: networkName(cluster, number),
    Driver: 'bridge',
    CheckDuplicate: true,
    EnableIPv6: false, // the guard speaks IPv4 only
    Options: { [BRIDGE_NAME]: bridgeName(cluster, number), [ICC]: 'false' },
    Labels: { [LABEL.cluster]: cluster },
  }
  const making = call('make a network of the sessions', DEADLINE_MS.change, (abortSignal) =>
    docker.createNetwork({ _query: {}, _body: body, abortSignal } as unknown as Docker.NetworkCreateOptions),
  )
  // Another replica may have been first: then the refusal is about its network.
  const refusal = await making.then(() => null).catch((error: unknown) => error)
  const found = await find(docker, cluster, number)
  if (found === null && refusal !== null) throw refusal
  return found
}

const portsOf = ({ Containers }: NetworkInspectInfo): number => Object.keys(Containers ?? {}).length

export const sessionNetwork = (
  docker: Docker,
  { cluster, guardImage, maxPorts = MAX_PORTS }: NetworkOptions,
): SessionNetwork => {
  // Those that this process has guarded, by id: a network made anew is another one.
  const guarded = new Set<string>()
  let running: Promise<string> | null = null

  const guard = async (network: NetworkInspectInfo | null, number: number): Promise<string> => {
    if (network === null) throw new RuntimeRefused('the network of the sessions went away while it was made')
    if (guarded.has(network.Id)) return network.Name
    await guardNetwork(docker, { cluster, image: guardImage, bridge: bridgeName(cluster, number) })
    guarded.add(network.Id)
    return network.Name
  }
  const closed = (error: Error): never => {
    if (error instanceof HoldfastError && error.code !== 'RUNTIME_UNAVAILABLE') throw error
    const reason = `sessions with a network are refused, for it cannot be guarded: ${error.message}`
    throw new HoldfastError('RUNTIME_UNAVAILABLE', reason, { cause: error })
  }
  const withRoom = async (): Promise<string> => {
    for (let number = 1; number <= MAX_BRIDGES; number++) {
      const network = (await find(docker, cluster, number)) ?? (await make(docker, cluster, number))
      if (network === null || portsOf(network) < maxPorts) return guard(network, number)
    }
    throw new RuntimeRefused(`all ${MAX_BRIDGES} networks have ${maxPorts} sessions each`)
  }
  /** The networks are made one after the other, so the first that is missing is the end. */
  const existing = async (): Promise<NetworkInspectInfo[]> => {
    const found: NetworkInspectInfo[] = []
    for (let number = 1; number <= MAX_BRIDGES; number++) {
      const network = await find(docker, cluster, number)
      if (network === null) break
      found.push(network)
    }
    return found
  }
  return {
    ready: () => {
      running ??= withRoom()
        .catch(closed)
        .finally(() => {
          running = null
        })
      return running
    },
    restore: async () => {
      for (const [at, network] of (await existing()).entries()) await guard(network, at + 1).catch(closed)
    },
    ports: async () => ({
      used: (await existing()).reduce((sum, network) => sum + portsOf(network), 0),
      limit: MAX_BRIDGES * maxPorts,
    }),
  }
}
