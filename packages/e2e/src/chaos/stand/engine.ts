/** A Docker engine as the suite sees it, past the door: its command line, and what one cluster has on it. */
import { execFile, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const execute = promisify(execFile)
const CALL_MS = 120_000

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')

/** When containers were made and removed: of each the milliseconds on this process' clock, in that order. */
export interface ContainerEvents extends Disposable {
  made: number[]
  removed: number[]
}

export class Engine {
  readonly socket: string

  constructor(socket: string) {
    this.socket = socket
  }

  /** Standard output; throws what the engine says. */
  async docker(...args: string[]): Promise<string> {
    const options = { maxBuffer: 64 << 20, timeout: CALL_MS }
    return (await execute('docker', ['-H', `unix://${this.socket}`, ...args], options)).stdout.trim()
  }

  /** Host ids of all containers of the cluster, running or not. */
  async hosts(cluster: string): Promise<string[]> {
    const filter = `label=dev.holdfast.cluster=${cluster}`
    return lines(await this.docker('ps', '-a', '--filter', filter, '--format', '{{.Label "dev.holdfast.host"}}'))
  }

  /** Host ids of all volumes of the cluster. */
  async volumes(cluster: string): Promise<string[]> {
    const names = lines(await this.docker('volume', 'ls', '-q', '--filter', `name=^hf-${cluster}-`))
    return names.map((name) => name.slice(`hf-${cluster}-`.length))
  }

  /** Process of the session host in a container, as this machine numbers it: the child of the container's init. */
  async hostPid(cluster: string, hostId: string): Promise<number> {
    const table = await this.docker('top', `hf-${cluster}-${hostId}`, '-eo', 'pid,args')
    const row = lines(table).find((line) => /^\s*\d+\s+node /.test(line))
    if (row === undefined) throw new Error(`no session host runs in ${hostId}:\n${table}`)
    return Number.parseInt(row, 10)
  }

  /** Keeps account from now on, which the engine does not: it remembers its last 256 events. */
  follow(cluster: string): ContainerEvents {
    const filters = [`label=dev.holdfast.cluster=${cluster}`, 'event=create', 'event=destroy']
    const args = ['events', '--format', '{{.Action}}', ...filters.flatMap((filter) => ['--filter', filter])]
    const child = spawn('docker', ['-H', `unix://${this.socket}`, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    const events: ContainerEvents = { made: [], removed: [], [Symbol.dispose]: () => void child.kill() }
    createInterface(child.stdout).on('line', (action) => {
      events[action === 'create' ? 'made' : 'removed'].push(performance.now())
    })
    return events
  }

  /** Takes away whatever the cluster left. */
  async clear(cluster: string): Promise<void> {
    const hosts = await this.hosts(cluster)
    if (hosts.length > 0) await this.docker('rm', '-f', '-v', ...hosts.map((id) => `hf-${cluster}-${id}`))
    const volumes = await this.volumes(cluster)
    if (volumes.length > 0) await this.docker('volume', 'rm', '-f', ...volumes.map((id) => `hf-${cluster}-${id}`))
  }
}
