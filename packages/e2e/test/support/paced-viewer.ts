/** A viewer that speaks the protocol by hand and takes its output at a pace of its own: not at all, slowly, or at once. */
import { once } from 'node:events'
import type { HostMessage } from '@holdfast/protocol'
import headless from '@xterm/headless'
import WebSocket from 'ws'

/** `deaf` does not read its socket; `silent` reads but acknowledges nothing; a number is bytes parsed a second. */
export type Pace = 'deaf' | 'silent' | number

type Message<T extends HostMessage['type']> = Extract<HostMessage, { type: T }>

const TICK_MS = 100
const AT_ONCE = Number.POSITIVE_INFINITY

export class PacedViewer {
  snapshots = 0
  readonly #dial: () => WebSocket
  readonly #client: string
  readonly #ended = Promise.withResolvers<Message<'exit'>>()
  readonly #terminal = new headless.Terminal({ allowProposedApi: true, cols: 80, rows: 24 })
  /** Received, not parsed. */
  readonly #waiting: Buffer[] = []
  #socket: WebSocket
  #timer: NodeJS.Timeout | undefined
  #pace: Pace
  #epoch: string | undefined
  #parsed = 0
  #isSnapshot = false
  #isOver = false

  private constructor(dial: () => WebSocket, client: string, pace: Pace) {
    this.#dial = dial
    this.#client = client
    this.#pace = pace
    if (typeof pace === 'number') this.#timer = setInterval(() => this.#parse((pace * TICK_MS) / 1000), TICK_MS)
    this.#socket = this.#connect()
  }

  static async attach(url: string, key: string, id: string, client: string, pace: Pace): Promise<PacedViewer> {
    const address = `${url.replace(/^http/, 'ws')}/v1/sessions/${id}/attach`
    const dial = () => new WebSocket(address, 'holdfast.v1', { headers: { authorization: `Bearer ${key}` } })
    const viewer = new PacedViewer(dial, client, pace)
    await once(viewer.#socket, 'message')
    if (pace === 'deaf') viewer.#socket.pause()
    return viewer
  }

  get ended(): Promise<Message<'exit'>> {
    return this.#ended.promise
  }

  /** From now on everything is parsed and acknowledged as it comes. */
  wake(): void {
    clearInterval(this.#timer)
    this.#pace = AT_ONCE
    this.#socket.resume()
    this.#parse(AT_ONCE)
  }

  close(): void {
    this.#isOver = true
    clearInterval(this.#timer)
    this.#socket.terminate()
  }

  async screen(): Promise<string> {
    await new Promise<void>((done) => this.#terminal.write('', done))
    const { active } = this.#terminal.buffer
    const lines = Array.from({ length: this.#terminal.rows }, (_, row) => active.getLine(active.baseY + row))
    return `${lines
      .map((line) => line?.translateToString(true) ?? '')
      .join('\n')
      .trimEnd()}\n`
  }

  /** Also after the host has given up a peer that answered no ping, as it does with one that does not read. */
  #connect(): WebSocket {
    const socket = this.#dial()
    const position = this.#epoch === undefined ? {} : { epoch: this.#epoch, offset: this.#parsed }
    socket.on('open', () =>
      socket.send(JSON.stringify({ type: 'attach', client: this.#client, mode: 'ro', ...position })),
    )
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.#take(data)
      else this.#heed(JSON.parse(data.toString()) as HostMessage)
    })
    socket.on('close', () => {
      this.#waiting.length = 0 // it comes again
      if (!this.#isOver) this.#socket = this.#connect()
    })
    socket.on('error', () => socket.terminate())
    return socket
  }

  #heed(message: HostMessage): void {
    if (message.type === 'attached') this.#epoch = message.epoch
    if (message.type === 'snapshot') this.#jump(message)
    if (message.type !== 'exit') return
    this.#isOver = true
    this.#ended.resolve(message)
  }

  #jump({ offset, cols, rows }: Message<'snapshot'>): void {
    this.#parse(AT_ONCE)
    this.snapshots++
    this.#terminal.reset()
    this.#terminal.resize(cols, rows)
    this.#parsed = offset
    this.#isSnapshot = true
  }

  #take(bytes: Buffer): void {
    if (this.#isSnapshot) {
      this.#isSnapshot = false
      this.#terminal.write(bytes)
      this.#acknowledge()
    } else {
      this.#waiting.push(bytes)
      if (this.#pace === AT_ONCE) this.#parse(bytes.length)
    }
  }

  #parse(budget: number): void {
    for (let left = budget; left > 0; ) {
      const head = this.#waiting.shift()
      if (head === undefined) break
      const part = head.subarray(0, left)
      if (part.length < head.length) this.#waiting.unshift(head.subarray(part.length))
      this.#terminal.write(part)
      this.#parsed += part.length
      left -= part.length
    }
    this.#acknowledge()
  }

  #acknowledge(): void {
    if (typeof this.#pace !== 'number' || this.#socket.readyState !== WebSocket.OPEN) return
    this.#socket.send(JSON.stringify({ type: 'ack', offset: this.#parsed }))
  }
}
