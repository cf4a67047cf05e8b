/** An engine that is gone, that hangs or that fails: every call ends, with RUNTIME_UNAVAILABLE and a reason. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { dockerRuntime, type Runtime } from '../src/index.ts'
import { stubSpec } from './conformance.ts'
import { newHostId } from './stub-client.ts'

const hostsDir = mkdtempSync(join(tmpdir(), 'hf-test-'))
after(() => rmSync(hostsDir, { recursive: true }))

const runtimeAt = (socket: string): Runtime =>
  dockerRuntime({ cluster: 'down', node: 'n', hostsDir, engine: { socket }, guardImage: 'none' })

const everyCallFails = async (runtime: Runtime, message: RegExp): Promise<void> => {
  const id = newHostId()
  const unavailable = { code: 'RUNTIME_UNAVAILABLE', message }
  await Promise.all([
    assert.rejects(runtime.ping(), unavailable),
    assert.rejects(runtime.list(), unavailable),
    assert.rejects(runtime.inspect(id), unavailable),
    assert.rejects(runtime.create(stubSpec(id, 'x')), unavailable),
    assert.rejects(runtime.create(stubSpec(newHostId(), 'x', { network: true })), unavailable),
    assert.rejects(runtime.stop(id, 1_000), unavailable),
    assert.rejects(runtime.remove(id), unavailable),
    assert.rejects(runtime.tail(id, 100), unavailable),
    assert.rejects(runtime.report(), unavailable),
    assert.rejects(runtime.prepare?.() ?? Promise.resolve(), unavailable),
  ])
}

const engineThat = async (name: string, serve: (socket: Socket) => void): Promise<{ path: string; close(): void }> => {
  const path = join(hostsDir, name)
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    serve(socket)
  }).listen(path)
  await once(server, 'listening')
  const close = (): void => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return { path, close }
}

test('an engine that is not there', { timeout: 30_000 }, async () => {
  await everyCallFails(runtimeAt(join(hostsDir, 'nothing.sock')), /ENOENT/)
})

// Side by side: each waits for every deadline there is.
describe('engines that hang', { concurrency: true }, () => {
  test('an engine that accepts and never answers', { timeout: 120_000 }, async () => {
    const engine = await engineThat('silent.sock', () => {})
    await everyCallFails(runtimeAt(engine.path), /did not .* within \d+ s/)
    engine.close()
  })

  test('an engine that stops in the middle of an answer', { timeout: 120_000 }, async () => {
    const half = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n['
    const engine = await engineThat('half.sock', (socket) => socket.once('data', () => socket.write(half)))
    await everyCallFails(runtimeAt(engine.path), /did not .* within \d+ s/)
    engine.close()
  })
})

test('an engine that answers 500 says why', { timeout: 30_000 }, async () => {
  const body = '{"message":"disk is full"}'
  const answer = `HTTP/1.1 500 x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  const engine = await engineThat('failing.sock', (socket) => socket.once('data', () => socket.end(answer)))
  await everyCallFails(runtimeAt(engine.path), /disk is full/)
  engine.close()
})

test('a DOCKER_HOST in the environment does not lead elsewhere', { timeout: 30_000 }, async () => {
  const engine = await engineThat('real.sock', (socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nOK')),
  )
  process.env.DOCKER_HOST = 'tcp://127.0.0.1:1'
  try {
    await runtimeAt(engine.path).ping()
  } finally {
    delete process.env.DOCKER_HOST
    engine.close()
  }
})
