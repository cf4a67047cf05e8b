/** What docker-modem would print of every request must not grow with the requests under way. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, createServer, request } from 'node:http'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { unprinted } from '../src/engine-agent.ts'

test('an agent with open connections prints as nothing, and still connects', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const agent = unprinted(new Agent({ keepAlive: false }))
  const outgoing = request({ agent, host: '127.0.0.1', port }).end()
  outgoing.on('error', () => undefined) // it is never answered
  await once(server, 'request')
  assert.equal(inspect({ agent }, { showHidden: true, depth: null }), '{ agent:  }')
  outgoing.destroy()
  server.close()
  server.closeAllConnections()
})
