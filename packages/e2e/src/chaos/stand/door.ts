/** A door before a server (Redis, a Docker engine): what passes can be delayed, swallowed, cut, or led to another server. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export class Door {
  /** Where new connections lead. */
  target: NetConnectOpts
  /** Every byte is this late, on its way there and on its way back. */
  delayMs = 0
  /** Connections whose first bytes match are taken and never answered. */
  swallow: RegExp | null = null
  /** Connections stay, and nothing passes any more; for good, on those through which something was sent meanwhile. */
  mute = false
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(target: NetConnectOpts) {
    this.target = target
    this.#server = createServer({ noDelay: true }, (near) => void this.#serve(near))
  }

  /** Listens on the Unix socket `path`, else on a free TCP port. */
  static async open(target: NetConnectOpts, path?: string): Promise<Door> {
    const door = new Door(target)
    door.#server.listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path })
    await once(door.#server, 'listening')
    return door
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Ends every connection; new ones are taken. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => undefined) // 'close' follows
    socket.on('close', () => this.#sockets.delete(socket))
  }

  async #serve(near: Socket): Promise<void> {
    this.#keep(near)
    await once(near, 'readable').catch(() => undefined)
    const first: Buffer | null = near.read()
    if (first === null || this.swallow?.test(first.toString('latin1'))) return
    near.unshift(first)
    const far = connect(this.target)
    this.#keep(far)
    this.#pass(near, far)
    this.#pass(far, near)
  }

  #pass(from: Socket, to: Socket): void {
    let last = Promise.resolve()
    const then = (work: () => unknown): void => {
      const due = this.delayMs === 0 ? undefined : delay(this.delayMs)
      last = last.then(() => due).then(() => void work())
    }
    from.on('data', (chunk: Buffer) => then(() => this.mute || to.write(chunk)))
    from.on('close', (failed) => then(() => (failed ? to.destroy() : to.end())))
  }
}
