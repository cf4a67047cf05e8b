/** A line that takes its time: a TCP proxy that delays each way, and holds back what comes from the far end when it is told to. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net'

export class SlowLine {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #held: (() => void)[] | null = null

  private constructor(target: NetConnectOpts, delayMs: number) {
    this.#server = createServer({ noDelay: true }, (near) => {
      const far = connect({ ...target, noDelay: true } as NetConnectOpts)
      this.#pass(near, far, (pass) => setTimeout(pass, delayMs))
      this.#pass(far, near, (pass) => setTimeout(() => (this.#held === null ? pass() : this.#held.push(pass)), delayMs))
    })
  }

  /** `delayMs`: for each way. */
  static async start(target: NetConnectOpts, delayMs: number): Promise<SlowLine> {
    const line = new SlowLine(target, delayMs)
    line.#server.listen(0, '127.0.0.1')
    await once(line.#server, 'listening')
    return line
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** From now on nothing arrives from the far end. */
  hold(): void {
    this.#held ??= []
  }

  release(): void {
    const held = this.#held ?? []
    this.#held = null
    for (const pass of held) pass()
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** Timers of one length run in their order, so bytes keep theirs. */
  #pass(from: Socket, to: Socket, later: (pass: () => void) => void): void {
    this.#sockets.add(from)
    from.on('data', (bytes: Buffer) => later(() => void to.write(bytes)))
    from.on('end', () => later(() => to.end()))
    from.on('error', () => to.destroy())
    from.on('close', () => this.#sockets.delete(from))
  }
}
