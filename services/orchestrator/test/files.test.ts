/** What is said of files when the host of a session is of an older version, or not there. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, IncomingMessage } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { HoldfastError, problem } from '@holdfast/protocol'
import { createHostClient, type Target } from '../src/host-client.ts'

const hosts = createHostClient('a master key for tests only')
const QUERY = { path: 'x', overwrite: false }
const stay = new AbortController().signal
const targetAt = (port: number): Target => ({
  hostId: 'test-1',
  address: `tcp:127.0.0.1:${port}`,
  session: 'test',
  fence: 1,
})
const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'none',
    ({ code, message }: HoldfastError) => `${code}: ${message}`,
  )
/** Of so many bytes. */
const bodyOf = (size: number): IncomingMessage => {
  const body = new IncomingMessage(new Socket())
  body.push(Buffer.alloc(size))
  body.push(null)
  return body
}

/** As hosts did before they knew files: an answer at once, and the end of the connection. */
const olderHost = async (t: TestContext): Promise<Target> => {
  const refusal = JSON.stringify(problem(new HoldfastError('NOT_FOUND', 'nothing at /files')))
  const server = createServer((_request, response) => response.writeHead(404, { connection: 'close' }).end(refusal))
  t.after(() => server.close())
  await once(server.listen(0), 'listening')
  return targetAt((server.address() as AddressInfo).port)
}

test('a host that knows no files is said to be older, whether or not it hears all of the file', async (t) => {
  const target = await olderHost(t)
  assert.match(await codeOf(hosts.readFile(target, QUERY, stay)), /^NOT_FOUND: .* older version/)
  for (const size of [0, 100, 50_000_000])
    assert.match(await codeOf(hosts.writeFile(target, QUERY, bodyOf(size), stay)), /^NOT_FOUND: .* older version/)
})

test('a host that is not there is out of reach', async () => {
  const gone = { ...targetAt(0), address: 'unix:/nowhere' }
  assert.match(await codeOf(hosts.writeFile(gone, QUERY, bodyOf(100), stay)), /^HOST_UNREACHABLE/)
})
