/** A stand-in session host: speaks holdfast.v1, echoes what is typed, resumes by offset, obeys the newest client's size. */
import type { ClientMessage, HostMessage, Session, TerminalColors } from '@holdfast/protocol'
import type { RawData, WebSocket } from 'ws'

interface Viewer {
  socket: WebSocket
  client: string
}

const EPOCH = 'epoch00001'
const asText = (data: RawData): string => (data as Buffer).toString()

export class EchoHost {
  /** All that was typed, exactly once. */
  typed = ''
  readonly sizes: { cols: number; rows: number }[] = []
  /** Sizes that were asked for, by whomever; and colours announced. */
  readonly asked: { cols: number; rows: number }[] = []
  readonly colors: TerminalColors[] = []
  controller: string | null = null
  mode: 'rw' | 'ro' = 'rw'
  /** When set, a client that comes back gets this instead of the output it missed. */
  snapshot: string | null = null
  /** Until a ping is answered, milliseconds. */
  farMs = 0
  /** While true, what is typed is on its way: neither confirmed nor echoed. */
  holds = false
  #held: { viewer: Viewer; bytes: Buffer }[] = []
  #log = Buffer.alloc(0)
  readonly #viewers = new Set<Viewer>()
  readonly #accepted = new Map<string, number>()
  readonly #session: Session
  #cols: number
  #rows: number

  constructor(session: Session) {
    this.#session = session
    this.#cols = session.cols
    this.#rows = session.rows
    this.print('$ ')
  }

  /** Input that is on its way, bytes. */
  get held(): number {
    return this.#held.reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  get viewers(): number {
    return this.#viewers.size
  }

  print(text: string): void {
    const bytes = Buffer.from(text)
    this.#log = Buffer.concat([this.#log, bytes])
    for (const { socket } of this.#viewers) socket.send(bytes)
  }

  /** Another client's window takes over, as when someone else takes control. */
  setSize(cols: number, rows: number, controller: string): void {
    this.#cols = cols
    this.#rows = rows
    this.controller = controller
    this.tell({ type: 'control', controller })
    this.tell({ type: 'resized', cols, rows, offset: this.#log.length })
  }

  exit(exitCode: number): void {
    this.tell({ type: 'exit', exitCode, signal: null, offset: this.#log.length })
    for (const { socket } of this.#viewers) socket.close(1000)
  }

  kick(): void {
    for (const { socket } of this.#viewers) socket.close(4409, 'kicked by ada')
  }

  serve(socket: WebSocket): void {
    let viewer: Viewer | null = null
    socket.on('message', (data, binary) => {
      if (binary) {
        if (viewer) this.#input(viewer, data as Buffer)
        return
      }
      const message = JSON.parse(asText(data)) as ClientMessage
      if (message.type === 'attach') viewer = this.#attach(socket, message)
      else if (viewer) this.#control(viewer, message)
    })
    socket.on('close', () => {
      if (viewer) this.#viewers.delete(viewer)
      this.tell({ type: 'clients', count: this.#viewers.size })
    })
  }

  #attach(socket: WebSocket, message: Extract<ClientMessage, { type: 'attach' }>): Viewer {
    const viewer = { socket, client: message.client }
    const resume = message.epoch !== EPOCH ? 'fresh' : this.snapshot === null ? 'delta' : 'snapshot'
    const offset = { fresh: 0, delta: message.offset ?? 0, snapshot: this.#log.length }[resume]
    this.controller ??= message.client
    const attached: HostMessage = {
      type: 'attached',
      session: this.#session.id,
      epoch: EPOCH,
      offset,
      resume,
      inputOffset: this.#accepted.get(message.client) ?? 0,
      mode: this.mode,
      cols: this.#cols,
      rows: this.#rows,
      controller: this.controller,
    }
    socket.send(JSON.stringify(attached))
    if (resume === 'snapshot') {
      socket.send(JSON.stringify({ type: 'snapshot', offset, cols: this.#cols, rows: this.#rows }))
      socket.send(Buffer.from(this.snapshot ?? ''))
    } else socket.send(this.#log.subarray(offset))
    this.#viewers.add(viewer)
    this.tell({ type: 'clients', count: this.#viewers.size })
    if (message.cols && message.rows) this.#resize(viewer, message.cols, message.rows)
    return viewer
  }

  /** What was held arrives; the program shows `echo` for it, by default itself. */
  arrive(echo?: string): void {
    this.holds = false
    const held = this.#held.splice(0)
    for (const { viewer, bytes } of held) this.#take(viewer, bytes)
    this.print(echo ?? Buffer.concat(held.map(({ bytes }) => bytes)).toString())
  }

  #input(viewer: Viewer, bytes: Buffer): void {
    if (this.holds) {
      this.#held.push({ viewer, bytes })
      return
    }
    this.#take(viewer, bytes)
    this.print(bytes.toString().replaceAll('\r', '\r\n$ '))
  }

  #take(viewer: Viewer, bytes: Buffer): void {
    const accepted = (this.#accepted.get(viewer.client) ?? 0) + bytes.length
    this.#accepted.set(viewer.client, accepted)
    viewer.socket.send(JSON.stringify({ type: 'input-ack', offset: accepted }))
    this.typed += bytes.toString()
  }

  #control(viewer: Viewer, message: ClientMessage): void {
    if (message.type === 'resize') this.#resize(viewer, message.cols, message.rows)
    if (message.type === 'control' && message.action === 'take') {
      this.controller = viewer.client
      this.tell({ type: 'control', controller: viewer.client })
    }
    if (message.type === 'colors') this.colors.push(message)
    if (message.type === 'ping')
      setTimeout(() => viewer.socket.send(JSON.stringify({ type: 'pong', id: message.id })), this.farMs)
  }

  #resize(viewer: Viewer, cols: number, rows: number): void {
    this.asked.push({ cols, rows })
    if (viewer.client !== this.controller) return
    this.#cols = cols
    this.#rows = rows
    this.sizes.push({ cols, rows })
    this.tell({ type: 'resized', cols, rows, offset: this.#log.length })
  }

  tell(message: HostMessage): void {
    for (const { socket } of this.#viewers) socket.send(JSON.stringify(message))
  }
}
