/** A dockerd that a scenario may kill: in a network namespace of its own, since a second one without a bridge would delete the first one's. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Service } from './service.ts'
import { until } from './until.ts'

const execute = promisify(execFile)
const END_SECONDS = 20

export class OwnDockerd implements AsyncDisposable {
  readonly dir = mkdtempSync(join(tmpdir(), 'hfd-'))
  readonly socket = join(this.dir, 'docker.sock')
  readonly #service: Service
  readonly #exec = join(this.dir, 'exec')
  readonly #data = join(this.dir, 'data')

  constructor(logs: string) {
    const dockerd = [
      ...['dockerd', '--live-restore', '--bridge', 'none', '--iptables=false', '-H', `unix://${this.socket}`],
      ...['--data-root', this.#data, '--exec-root', this.#exec, '--pidfile', join(this.dir, 'pid')],
    ]
    this.#service = new Service({
      name: 'dockerd',
      // unshare(1) becomes dockerd: the process that is killed is the daemon itself.
      command: 'unshare',
      args: ['--net', ...dockerd],
      env: {},
      log: join(logs, 'dockerd.log'),
      ready: () =>
        execute('docker', ['-H', `unix://${this.socket}`, 'version'], { timeout: 5_000 }).then(
          () => true,
          () => false,
        ),
    })
  }

  start(): Promise<void> {
    return this.#service.start()
  }

  kill(): Promise<void> {
    return this.#service.kill()
  }

  /** Copies an image from the engine at another socket. */
  async load(from: string, image: string): Promise<void> {
    const save = spawn('docker', ['-H', `unix://${from}`, 'save', image], { stdio: ['ignore', 'pipe', 'inherit'] })
    const load = spawn('docker', ['-H', `unix://${this.socket}`, 'load', '-q'], {
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    save.stdout.pipe(load.stdin)
    const [code] = await once(load, 'exit')
    if (code !== 0) throw new Error(`${image} was not loaded`)
  }

  /** Its containers are gone by now: the stand removes them first. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#service.end('SIGTERM')
    await this.#endContainerd()
    // dockerd mounts its own folder over itself, and with live-restore leaves that behind.
    await execute('umount', [this.#data]).catch(() => undefined)
    rmSync(this.dir, { recursive: true, force: true })
  }

  /** It outlives a dockerd that was killed. */
  async #endContainerd(): Promise<void> {
    const pidFile = join(this.#exec, 'containerd/containerd.pid')
    if (!existsSync(pidFile)) return
    const command = `/proc/${readFileSync(pidFile, 'utf8')}/cmdline`
    const runs = () => existsSync(command) && readFileSync(command, 'utf8').includes(this.#exec)
    if (!runs()) return
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGTERM')
    await until('containerd has ended', () => !runs(), END_SECONDS)
  }
}
