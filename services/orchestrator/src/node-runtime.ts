/** The runtime of a node: the engine it names, or what HOLDFAST_RUNTIME says of this machine. */
import { HoldfastError, type NodeSpec } from '@holdfast/protocol'
import { dockerRuntime, kubernetesRuntime, processRuntime, type Runtime } from '@holdfast/runtime'
import { doorKey } from '@holdfast/service-kit'
import type { Config } from './config.ts'
import { doorMachine } from './door-machine.ts'

/** The function throws BAD_REQUEST when the node's keys cannot be read, or the runtime knows no engines. */
export const runtimeMaker =
  (config: Config, env: NodeJS.ProcessEnv) =>
  ({ id, engine, door: listen }: NodeSpec): Runtime => {
    const place = { cluster: config.HOLDFAST_CLUSTER, node: id, hostsDir: config.HOLDFAST_HOSTS_DIR }
    if (engine?.kubernetes !== undefined) {
      const { cluster, node } = place
      return kubernetesRuntime({
        cluster,
        node,
        settings: engine.kubernetes,
        cpuOvercommit: config.HOLDFAST_CPU_OVERCOMMIT,
      })
    }
    if (config.HOLDFAST_RUNTIME === 'docker') {
      const options = { ...place, guardImage: config.HOLDFAST_GUARD_IMAGE }
      const reached = { engine: engine ?? { socket: config.HOLDFAST_DOCKER_SOCKET } }
      if (listen === undefined) return dockerRuntime({ ...options, ...reached })
      const key = doorKey(config.HOLDFAST_MASTER_KEY_FILE, id)
      return dockerRuntime({ ...options, ...reached, door: { machine: doorMachine(listen, key), listen, key } })
    }
    if (engine === undefined) return processRuntime({ ...place, command: config.HOLDFAST_HOST_COMMAND, env })
    throw new HoldfastError('BAD_REQUEST', `node "${id}" has an engine, but HOLDFAST_RUNTIME is process`)
  }
