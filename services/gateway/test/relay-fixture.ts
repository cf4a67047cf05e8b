/** A relay between two real TCP connections, and frames to send through it. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { Relay } from '../src/relay.ts'

const NOTHING = Buffer.alloc(0)

/** Two ends of one TCP connection; `allowHalfOpen` as the gateway's HTTP server has it. */
export const pair = async (t: TestContext): Promise<{ far: Socket; near: Socket }> => {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: false })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const far = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
  far.on('error', () => undefined)
  const [near] = (await accepted) as [Socket]
  server.close()
  t.after(() => {
    far.destroy()
    near.destroy()
  })
  return { far, near }
}

export const relayed = async (t: TestContext): Promise<{ client: Socket; host: Socket; relay: Relay }> => {
  const client = await pair(t)
  const host = await pair(t)
  const relay = new Relay({ socket: client.near, head: NOTHING }, { socket: host.near, head: NOTHING })
  return { client: client.far, host: host.far, relay }
}

/** Unmasked, or masked with a key of zeros: the payload stays readable. */
export const frame = (payload: Buffer, { masked = false, first = 0x82 } = {}): Buffer => {
  const size = Buffer.alloc(8)
  size.writeBigUInt64BE(BigInt(payload.length))
  const key = Buffer.alloc(masked ? 4 : 0)
  return Buffer.concat([Buffer.from([first, (masked ? 0x80 : 0) | 127]), size, key, payload])
}
