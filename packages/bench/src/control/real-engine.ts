/** The machine's own Docker engine as a second node: sessions with real containers and processes. */
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { LABEL } from '@holdfast/runtime'
import { docker, hasImage, lines, removeLabelled } from '../docker.ts'
import { family, processes } from '../processes.ts'
import { CLUSTER } from '../records.ts'

const SOCKET = '/var/run/docker.sock'
const IMAGE = 'holdfast/session'
const OURS = `label=${LABEL.cluster}=${CLUSTER}`
/** What a killed orchestrator asked for last, the engine makes all the same. */
const LAST_CREATES_MS = 1000

export const REAL_NODE = { id: 'real', engine: { socket: SOCKET }, labels: { engine: 'real' } }
export const REAL_TEMPLATE = {
  name: 'real',
  image: IMAGE,
  command: ['cat'],
  network: false,
  limits: { memoryMb: 128, pids: 64 },
  nodeSelector: REAL_NODE.labels,
}

/** Why no session can be had on it; null when some can. */
export const whyNotReal = (): string | null =>
  existsSync(SOCKET) && hasImage(IMAGE) ? null : `no Docker engine, or no image ${IMAGE}`

/** By host id, all processes of its container: init, session host and command. Only those that run. */
export const realLives = (): Map<string, string> => {
  const ids = lines(docker('ps', '-q', '--filter', OURS))
  if (ids.length === 0) return new Map()
  const all = processes()
  const inits = docker('inspect', '-f', `{{index .Config.Labels "${LABEL.host}"}} {{.State.Pid}}`, ...ids)
  return new Map(
    lines(inits).map((line): [string, string] => {
      const [hostId = '', init] = line.split(' ')
      const pids = family(all, [Number(init)]).map(({ pid }) => pid)
      return [hostId, pids.join(' ')]
    }),
  )
}

/** To be called when the orchestrator has ended. */
export const removeReal = async (): Promise<void> => {
  await delay(LAST_CREATES_MS)
  removeLabelled(OURS)
}
