/** The second node of a stand: a Docker host of its own, whose engine is behind a door and whose cable can be pulled. */
import { writeFileSync } from 'node:fs'
import { DockerHost } from './docker-host.ts'
import { Door } from './door.ts'
import { Engine } from './engine.ts'
import { type Paths, SERVICE_IMAGE, SESSION_IMAGE } from './installation.ts'

/** Other than that of the tests. */
const NUMBER = 8
const DOOR_PORT = 7070

export class FarNode implements AsyncDisposable {
  readonly host = new DockerHost(NUMBER)
  readonly engine = new Engine(this.host.socket)
  engineDoor!: Door

  /** Writes the nodes file, in which this machine is `near` and the other one `far`. */
  async start(paths: Paths): Promise<void> {
    await this.host.start()
    for (const image of [SESSION_IMAGE, SERVICE_IMAGE]) await this.host.load(image)
    this.engineDoor = await Door.open({ path: this.host.socket }, paths.farEngine)
    const door = `${this.host.address}:${DOOR_PORT}`
    const nodes = [{ id: 'near' }, { id: 'far', engine: { socket: paths.farEngine }, door }]
    writeFileSync(paths.nodes, JSON.stringify(nodes))
  }

  /** The engine takes connections and never answers; its sessions are reached as ever. */
  hang(): void {
    this.engineDoor.swallow = /^/
    this.engineDoor.cut()
  }
  recover(): void {
    this.engineDoor.swallow = null
    this.engineDoor.cut()
  }

  /** Nobody reaches engine and sessions; what runs there runs on. */
  async cutOff(): Promise<void> {
    this.hang()
    await this.host.disconnect()
  }
  async reconnect(): Promise<void> {
    await this.host.connect()
    this.recover()
  }

  /** Without that of the sessions' directories. */
  async volumes(cluster: string): Promise<string[]> {
    return (await this.engine.volumes(cluster)).filter((name) => name !== 'hosts')
  }

  /** Of session hosts. */
  async directories(cluster: string): Promise<string[]> {
    const names = await this.engine.docker('exec', `hf-${cluster}-door`, 'ls', '/run/holdfast/hosts')
    return names.split('\n').filter((name) => name !== '')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engineDoor?.close()
    await this.host.destroy()
  }
}
