/** A TCP proxy that cuts each connection after a number of bytes, in the middle of whatever is on the way. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export interface Budget {
  up: number
  down: number
}

export class CuttingProxy {
  cuts = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  /** `budget` tells for each new connection after how many bytes up, to the host, or down it is cut. */
  private constructor(port: number, budget: () => Budget) {
    this.#server = createServer((near) => this.#relay(near, connect(port, '127.0.0.1'), budget()))
  }

  static async start(port: number, budget: () => Budget): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(port, budget)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #relay(near: Socket, far: Socket, budget: Budget): void {
    let cut = false
    const end = (): void => {
      near.destroy()
      far.destroy()
      this.#sockets.delete(near)
      this.#sockets.delete(far)
    }
    const pass = (to: Socket, allowed: number) => {
      let left = allowed
      return (chunk: Buffer): void => {
        if (cut) return
        to.write(chunk.subarray(0, left))
        left -= chunk.length
        if (left > 0) return
        cut = true
        this.cuts++
        near.end() // what was written still arrives, then the line is gone
        far.end()
      }
    }
    for (const socket of [near, far]) {
      this.#sockets.add(socket)
      socket.on('error', end)
      socket.on('close', end)
    }
    near.on('data', pass(far, budget.up))
    far.on('data', pass(near, budget.down))
  }
}
