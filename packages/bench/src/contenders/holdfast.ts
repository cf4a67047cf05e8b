/** Holdfast's own ways to a session: gateway, published port, and its host's socket without any gateway. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ACK_BYTES, type HostMessage, SUBPROTOCOL } from '@holdfast/protocol'
import { GRANT_TTL_MS, type HostGrant, hostKey, sign } from '@holdfast/service-kit'
import type { WebSocket } from 'ws'
import { directUrl, FIRST_FENCE, hostOf, type Installation } from '../installation.ts'
import { type Contender, type Line, Outlet, Skipped } from '../line.ts'
import { HOLDFAST } from '../scenario.ts'
import type { Undo } from '../undo.ts'
import { openSocket } from './web-socket.ts'

/** Template without a network, whose containers start faster. */
export const TEMPLATE = 'isolated'

let clients = 0

/** Speaks just enough of `holdfast.v1`: counts what it gets and acknowledges it. */
class Talk implements Line {
  readonly outlet = new Outlet()
  readonly #socket: WebSocket
  #offset = 0
  #acked = 0
  #isSnapshot = false

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data: Buffer, binary: boolean) => (binary ? this.#take(data) : this.#hear(data.toString())))
    socket.send(JSON.stringify({ type: 'attach', client: `bench-${process.pid}-${clients++}`, cols: 80, rows: 24 }))
  }

  type(text: string): void {
    this.#socket.send(Buffer.from(text))
  }

  async close(): Promise<void> {
    this.#socket.close()
  }

  #take(data: Buffer): void {
    if (this.#isSnapshot) {
      this.#isSnapshot = false
      this.outlet.pushPicture(data)
      return
    }
    this.#offset += data.length
    this.outlet.push(data)
    if (this.#offset - this.#acked >= ACK_BYTES) this.#ack()
  }

  #hear(text: string): void {
    const message = JSON.parse(text) as HostMessage
    if (message.type !== 'snapshot') return
    this.#isSnapshot = true
    this.#offset = message.offset
    this.#ack()
  }

  #ack(): void {
    this.#acked = this.#offset
    this.#socket.send(JSON.stringify({ type: 'ack', offset: this.#acked }))
  }
}

export const createSession = async (
  { client }: Installation,
  undo: Undo,
  [command = 'bash', ...args]: readonly string[],
  template = TEMPLATE,
): Promise<{ id: string; remove: () => Promise<void> }> => {
  const { id } = await client.createSession({ template, command, args })
  return { id, remove: undo.add(() => client.deleteSession(id)) }
}

/** Another view of a session, through the gateway at `url`. */
export const attachLine = async (url: string, key: string, session: string): Promise<Line> => {
  const address = `${url.replace(/^http/, 'ws')}/v1/sessions/${session}/attach`
  return new Talk(await openSocket(address, [SUBPROTOCOL], { headers: { authorization: `Bearer ${key}` } }))
}

/** As the gateway dials the host, with a grant of the master key in the data folder. */
const attachHost = async (installation: Installation, session: string): Promise<Line> => {
  const host = hostOf(installation, session)
  if (host === null) throw new Skipped(`the folder of the hosts is not in reach below ${installation.data}`)
  const masterKey = readFileSync(join(installation.data, 'secrets/master.key'), 'utf8').trim()
  const grant: HostGrant = {
    host: host.id,
    session,
    fence: FIRST_FENCE,
    op: 'attach',
    mode: 'rw',
    principal: 'bench',
  }
  const authorization = `Bearer ${sign(hostKey(masterKey, host.id), grant, GRANT_TTL_MS)}`
  return new Talk(await openSocket(`ws+unix:${host.socket}:/attach`, [SUBPROTOCOL], { headers: { authorization } }))
}

const contender = (
  name: string,
  installation: Installation,
  attach: (session: string) => Promise<Line>,
): Contender => ({
  name,
  async open(command, undo) {
    const { id, remove } = await createSession(installation, undo, command)
    const line = await attach(id)
    return {
      type: (text) => line.type(text),
      outlet: line.outlet,
      close: async () => {
        await line.close()
        await remove()
      },
    }
  },
})

export const holdfastLines = (installation: Installation): Contender[] => {
  const { url, key, gateway } = installation
  const through = (name: string, address: string) =>
    contender(name, installation, (session) => attachLine(address, key, session))
  return [
    through(HOLDFAST, directUrl(installation)),
    ...(gateway === null ? [] : [through('holdfast, published port', url)]),
    contender('holdfast, host direct', installation, (session) => attachHost(installation, session)),
  ]
}
