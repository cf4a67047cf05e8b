/** A proxy for TCP and Unix sockets that harms what passes: it delays, splits, stalls, truncates, half-closes and resets; what it does to its n-th connection follows from the seed. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** mulberry32: whole numbers from 0 up to `below`, the same for the same seed. */
export const seeded = (seed: number): ((below: number) => number) => {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/**
 * How a connection ends once its bytes are used up. `reset`: RST to both ends, which also takes what they have not read.
 * `truncate`: what has passed arrives, then both ends see the end. `half-close`: only the direction that is used up ends.
 * `stall`: nothing passes any more, then reset. `late`: the near end is reset, the far one hears of it later.
 */
const FAULTS = ['reset', 'truncate', 'half-close', 'stall', 'late'] as const
export type Fault = (typeof FAULTS)[number]

export interface Weather {
  /** Most connections are cut after a random number of bytes below this, toward the far end or from it. */
  upBytes: number
  downBytes: number
  /** Of every so many connections one delays whatever it reads by up to so many milliseconds. */
  delays: { oneIn: number; maxMs: number }
  /** How long a stall lasts, and how late the far end hears of a cut: up to so many milliseconds. */
  maxStallMs: number
}

const ROUGH: Weather = { upBytes: 2_000, downBytes: 15_000, delays: { oneIn: 4, maxMs: 10 }, maxStallMs: 30 }
/** A connection that was told its end, on one side or both, is given up after so long. */
const ENDING_MS = 100

interface Plan {
  fault: Fault
  left: { up: number; down: number }
  delayMs: number
  stallMs: number
  /** Largest piece that is passed on at once. */
  pieceBytes: number
  struck: boolean
}

/** Now and then one lives longer: a backlog comes in messages of up to 64 KiB, and only whole ones are progress. */
const LONG = { oneIn: 6, times: 20 }

const planOf = (random: (below: number) => number, weather: Weather): Plan => {
  const times = random(LONG.oneIn) === 0 ? LONG.times : 1
  return {
    fault: FAULTS[random(FAULTS.length)] as Fault,
    left: { up: times * random(weather.upBytes), down: times * random(weather.downBytes) },
    delayMs: random(weather.delays.oneIn) === 0 ? random(weather.delays.maxMs) : 0,
    stallMs: random(weather.maxStallMs),
    pieceBytes: random(2) === 0 ? 1 + random(100) : 1 + random(64 * 1024),
    struck: false,
  }
}

const UNHARMED = { up: Number.POSITIVE_INFINITY, down: Number.POSITIVE_INFINITY }

/** Unix sockets know no RST. One that has ended is closed plainly: Node 24.21 loses count of its shutdown and spins at exit. */
const reset = (socket: Socket): void => {
  if (socket.remoteFamily === undefined || socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}

export class FaultProxy {
  /** From now on new connections pass unharmed. */
  calm = false
  readonly cuts = new Map<Fault, number>(FAULTS.map((fault) => [fault, 0]))
  readonly #target: NetConnectOpts
  readonly #weather: Weather
  readonly #seed: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #connections = 0

  private constructor(target: NetConnectOpts, seed: number, weather: Weather) {
    this.#target = target
    this.#seed = seed
    this.#weather = weather
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => this.#relay(near))
  }

  /** Listens on `path`, else on a free TCP port. */
  static async start(
    target: NetConnectOpts,
    { seed, path, weather = {} }: { seed: number; path?: string; weather?: Partial<Weather> },
  ): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, seed, { ...ROUGH, ...weather })
    if (path === undefined) proxy.#server.listen(0, '127.0.0.1')
    else proxy.#server.listen(path)
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** All kinds together. */
  get total(): number {
    return [...this.cuts.values()].reduce((sum, count) => sum + count, 0)
  }

  /** No more faults: what lives is cut a last time, what comes is passed on. */
  clear(): void {
    this.calm = true
    for (const socket of this.#sockets) reset(socket)
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #relay(near: Socket): void {
    const plan = planOf(seeded(this.#seed + this.#connections++), this.#weather)
    if (this.calm) Object.assign(plan, { left: { ...UNHARMED }, delayMs: 0, pieceBytes: 64 * 1024 })
    const far = connect({ ...this.#target, allowHalfOpen: true, noDelay: true } as NetConnectOpts)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => undefined) // 'close' follows
      socket.on('close', () => {
        this.#sockets.delete(socket)
        if (!plan.struck) other.destroy()
      })
    }
    void this.#pass(near, far, plan, 'up')
    void this.#pass(far, near, plan, 'down')
  }

  async #pass(from: Socket, to: Socket, plan: Plan, way: 'up' | 'down'): Promise<void> {
    try {
      for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        if (plan.delayMs > 0) await delay(plan.delayMs)
        for (let at = 0; at < chunk.length && plan.left[way] >= 0; ) {
          const piece = chunk.subarray(at, at + Math.min(plan.pieceBytes, plan.left[way]))
          at += piece.length
          plan.left[way] -= piece.length
          if (plan.struck && plan.fault === 'stall') return
          if (to.writable && !to.write(piece)) await Promise.race([once(to, 'drain'), once(to, 'close')])
          if (plan.left[way] > 0) continue
          plan.left[way] = -1 // what still comes is dropped
          if (!plan.struck) void this.#strike({ from, to }, plan, way)
          if (plan.fault === 'stall') return
        }
      }
      to.end()
    } catch {
      if (!plan.struck) to.destroy() // `from` was reset
    }
  }

  async #strike({ from, to }: { from: Socket; to: Socket }, plan: Plan, way: 'up' | 'down'): Promise<void> {
    plan.struck = true
    this.cuts.set(plan.fault, (this.cuts.get(plan.fault) ?? 0) + 1)
    const [near, far] = way === 'up' ? [from, to] : [to, from]
    if (plan.fault === 'truncate') for (const socket of [near, far]) socket.end()
    if (plan.fault === 'half-close') to.end()
    if (plan.fault === 'late') reset(near)
    if (plan.fault !== 'reset') await delay(plan.fault === 'stall' || plan.fault === 'late' ? plan.stallMs : ENDING_MS)
    reset(near)
    reset(far)
  }
}
