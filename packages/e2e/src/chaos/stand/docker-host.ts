/** Another Docker host, as far as this machine can tell: a dockerd in a network namespace of its own, with an address of its own. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Service } from './service.ts'

const execute = promisify(execFile)
const run = async (file: string, ...args: string[]): Promise<string> => (await execute(file, args)).stdout.trim()

/** Why this machine cannot have one; false when it can. */
export const whyNoDockerHost = async (): Promise<string | false> => {
  if (process.env.HOLDFAST_DOCKER !== '1') return 'no Docker engine (HOLDFAST_DOCKER=1 says there is one)'
  if (process.getuid?.() !== 0) return 'another Docker host needs root'
  const tools = [run('ip', 'netns', 'list'), run('dockerd', '--version'), run('nsenter', '--version')]
  return (
    (await Promise.allSettled(tools)).some(({ status }) => status === 'rejected') && 'no ip, dockerd or nsenter here'
  )
}

export class DockerHost {
  readonly dir = mkdtempSync(join(tmpdir(), 'hfh-'))
  readonly socket = join(this.dir, 'docker.sock')
  readonly name: string
  readonly #net: string
  readonly #dockerd: Service

  /** `number`: 0 to 255, one for each at one time. */
  constructor(number: number) {
    this.name = `hfh-${number}`
    this.#net = `10.209.${number}`
    const folders = { 'data-root': 'data', 'exec-root': 'exec', pidfile: 'pid' }
    const args = Object.entries(folders).flatMap(([name, folder]) => [`--${name}`, join(this.dir, folder)])
    const plain = ['--bridge', 'none', '--iptables=false', '-H', `unix://${this.socket}`]
    this.#dockerd = new Service({
      name: this.name,
      command: 'nsenter',
      args: [`--net=/run/netns/${this.name}`, 'dockerd', ...plain, ...args],
      env: {},
      log: join(this.dir, 'log'),
      ready: () =>
        this.docker('version').then(
          () => true,
          () => false,
        ),
    })
  }

  /** Reached from this machine's own namespace; nothing leads from there to anywhere else. */
  get address(): string {
    return `${this.#net}.2`
  }

  docker(...args: string[]): Promise<string> {
    return run('docker', '-H', `unix://${this.socket}`, ...args)
  }

  async start(): Promise<void> {
    await run('ip', 'netns', 'add', this.name)
    await run('ip', 'link', 'add', this.name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', this.name)
    await run('ip', 'addr', 'add', `${this.#net}.1/30`, 'dev', this.name)
    await run('ip', '-n', this.name, 'addr', 'add', `${this.address}/30`, 'dev', 'eth0')
    await run('ip', '-n', this.name, 'link', 'set', 'lo', 'up')
    await run('ip', 'link', 'set', this.name, 'up')
    await this.connect()
    await this.#dockerd.start()
  }

  /** The cable: without it the host goes on running, and nobody reaches it. Pulled at its end: at ours the address would be looked for elsewhere. */
  async connect(): Promise<void> {
    await run('ip', '-n', this.name, 'link', 'set', 'eth0', 'up')
  }
  async disconnect(): Promise<void> {
    await run('ip', '-n', this.name, 'link', 'set', 'eth0', 'down')
  }

  /** Copies an image from this machine's engine. */
  async load(image: string): Promise<void> {
    const save = spawn('docker', ['save', image], { stdio: ['ignore', 'pipe', 'inherit'] })
    const target = ['-H', `unix://${this.socket}`, 'load', '-q']
    const load = spawn('docker', target, { stdio: ['pipe', 'ignore', 'inherit'] })
    save.stdout.pipe(load.stdin)
    const [code] = await once(load, 'exit')
    if (code !== 0) throw new Error(`${image} was not loaded`)
  }

  /** What dockerd leaves mounted in its folders; the innermost first. */
  async #unmount(): Promise<void> {
    const mounted = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '')
      .filter((path) => path.startsWith(`${this.dir}/`))
    for (const path of mounted.sort().reverse()) await run('umount', path)
  }

  /** With everything on it. */
  async destroy(): Promise<void> {
    const ids = (await this.docker('ps', '-aq').catch(() => '')).split('\n').filter((id) => id !== '')
    if (ids.length > 0) await this.docker('rm', '-f', '-v', ...ids)
    await this.#dockerd.end('SIGTERM')
    await run('ip', 'link', 'del', this.name).catch(() => undefined)
    await run('ip', 'netns', 'del', this.name).catch(() => undefined)
    await this.#unmount()
    rmSync(this.dir, { recursive: true, force: true })
  }
}
