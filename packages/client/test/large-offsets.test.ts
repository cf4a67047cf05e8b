/** Streams longer than 2^32 bytes: the client's cursor, acks and input count beyond what 32 bits hold. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { ClientMessage } from '@holdfast/protocol'
import { type WebSocket, WebSocketServer } from 'ws'
import { Attachment } from '../src/attachment.ts'
import { Backoff } from '../src/backoff.ts'
import { defaultSocket } from '../src/node-socket.ts'
import { Recorder } from './recorder.ts'

for (const base of [2 ** 32 - 100, 2 ** 32, 2 ** 52]) {
  test(`around offset ${base} output resumes, is acknowledged, and input is resent from the host's count`, async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'holdfast.v1' })
    await once(server, 'listening')
    const messages: ClientMessage[] = []
    const typed: string[] = []
    const sockets: WebSocket[] = []
    let end = base
    let accepted = base
    const heard = Promise.withResolvers<void>()
    server.on('connection', (socket) => {
      const first = sockets.push(socket) === 1
      const tell = (message: object) => socket.send(JSON.stringify(message))
      socket.on('message', (data, isBinary) => {
        const text = String(data)
        if (isBinary) typed.push(text)
        else messages.push(JSON.parse(text))
        const message = messages.at(-1)
        if (isBinary || message?.type !== 'attach') return void heard.resolve()
        const where = { session: 's', epoch: 'e', cols: 80, rows: 24, mode: 'rw', controller: null }
        tell({ type: 'attached', ...where, offset: end, resume: first ? 'snapshot' : 'delta', inputOffset: accepted })
        if (first) {
          tell({ type: 'snapshot', offset: base, cols: 80, rows: 24 })
          socket.send(Buffer.from('<screen>'))
        }
        socket.send(Buffer.alloc(150, 'o'))
        end += 150
      })
    })
    const seen = new Recorder()
    const { port } = server.address() as AddressInfo
    const dial = async () => defaultSocket(`ws://127.0.0.1:${port}/`, ['holdfast.v1'], {})
    const attachment = new Attachment(dial, seen.options(), new Backoff(() => 0))
    try {
      attachment.write('0123456789')
      await seen.until(() => seen.output.length === 150)
      await heard.promise
      accepted = base + 4 // the rest did not arrive
      sockets[0]?.terminate()
      await seen.until(() => seen.output.length === 300)
      assert.equal(attachment.offset, base + 300)
      const attaches = messages.filter(({ type }) => type === 'attach')
      assert.deepEqual(
        attaches.map((message) => 'offset' in message && message.offset),
        [false, base + 150],
      )
      while (!messages.some((message) => message.type === 'ack' && message.offset === base + 300)) {
        await once(sockets[1] as WebSocket, 'message')
      }
      while (typed.length < 2) await once(sockets[1] as WebSocket, 'message')
      assert.deepEqual(typed, ['0123456789', '456789'])
      const acks = messages.filter(({ type }) => type === 'ack').map((message) => 'offset' in message && message.offset)
      assert.ok(
        acks.every((offset) => Number(offset) >= base && Number(offset) <= base + 300),
        `${acks}`,
      )
    } finally {
      attachment.detach()
      for (const socket of sockets) socket.terminate()
      server.close()
    }
  })
}
