/** The door of a node on real sockets: finds the host that a token names, carries bytes both ways, and obeys only orders signed for it. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Problem } from '@holdfast/protocol'
import { localMachine } from '@holdfast/runtime/machine'
import { type DoorOrder, doorKey, hostKey, newLogger, sign } from '@holdfast/service-kit'
import { buildDoor } from '../src/door-server.ts'

const MASTER_KEY = 'a master key for tests only'
const KEY = doorKey(MASTER_KEY, 'far')
const HOST = 'local-00000000000000-1'
const MEBIBYTE = 1024 * 1024

const openDoor = async (t: TestContext) => {
  const hostsDir = await mkdtemp(join(tmpdir(), 'hf-door-'))
  const machine = localMachine(hostsDir)
  const door = buildDoor({ machine, hostsDir, key: KEY, logger: newLogger('door', 'silent') }).listen(0, '127.0.0.1')
  await once(door, 'listening')
  t.after(async () => {
    door.close()
    await rm(hostsDir, { recursive: true, force: true })
  })
  return { hostsDir, port: (door.address() as AddressInfo).port }
}

/** Sends the text and resolves with everything that comes until the other end closes. */
const exchange = async (port: number, text: string): Promise<string> => {
  const socket = connect(port, '127.0.0.1')
  socket.write(text)
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  return answer
}
const requestFor = (token: string, line = 'GET /status') =>
  `${line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`
const problemIn = (answer: string): Problem =>
  JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1))
const grantFor = (host: string) => sign(hostKey(MASTER_KEY, host), { host }, 30_000)

/** A host that answers with what it was sent, in its own directory. */
const echoHost = async (t: TestContext, hostsDir: string, hostId: string): Promise<void> => {
  await mkdir(join(hostsDir, hostId))
  const host = createServer((socket) => void socket.pipe(socket)).listen(join(hostsDir, hostId, 'host.sock'))
  await once(host, 'listening')
  t.after(() => host.close())
}

test('bytes go both ways to the host that the token names, whatever they are', async (t) => {
  const { hostsDir, port } = await openDoor(t)
  await echoHost(t, hostsDir, HOST)
  const socket = connect(port, '127.0.0.1')
  const head = requestFor(grantFor(HOST), 'GET /attach')
  // In two pieces, as the network may cut it.
  socket.write(head.slice(0, 40))
  socket.write(head.slice(40))
  const payload = Buffer.alloc(8 * MEBIBYTE, 'x\u0000y')
  socket.end(payload)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  assert.deepEqual(Buffer.concat(chunks), Buffer.concat([Buffer.from(head), payload]))
})

test('without a token, with a name that is none, or for a host that is not there: refused in words', async (t) => {
  const { hostsDir, port } = await openDoor(t)
  const nameless = await exchange(port, 'GET /status HTTP/1.1\r\nHost: x\r\n\r\n')
  assert.match(nameless, /^HTTP\/1\.1 401 /)
  for (const host of ['../../etc', '', 'a/b']) {
    assert.equal(problemIn(await exchange(port, requestFor(grantFor(host)))).code, 'UNAUTHENTICATED')
  }
  assert.equal(problemIn(await exchange(port, requestFor(grantFor(HOST)))).code, 'HOST_UNREACHABLE')
  // What a session may have put in the place of its socket leads nowhere.
  await mkdir(join(hostsDir, HOST))
  await symlink('/var/run/docker.sock', join(hostsDir, HOST, 'host.sock'))
  assert.equal(problemIn(await exchange(port, requestFor(grantFor(HOST)))).code, 'HOST_UNREACHABLE')
  assert.equal(problemIn(await exchange(port, `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}`)).code, 'BAD_REQUEST')
})

test('orders signed for this door are carried out once; others are not', async (t) => {
  const { hostsDir, port } = await openDoor(t)
  const order = async (body: DoorOrder, key = KEY) => exchange(port, requestFor(sign(key, body, 30_000), 'POST /door'))
  const path = join(hostsDir, HOST)
  assert.match(await order({ op: 'make', host: HOST }), /^HTTP\/1\.1 200 /)
  assert.equal((await stat(path)).mode & 0o777, 0o777)
  assert.match(await order({ op: 'seal', host: HOST }), /^HTTP\/1\.1 200 /)
  assert.equal((await stat(path)).mode & 0o777, 0o755)
  assert.match(await order({ op: 'pressure' }), /"memoryFreeMb":\d+/)
  assert.match(await order({ op: 'assign', host: HOST, labels: { a: '1' } }), /^HTTP\/1\.1 200 /)
  assert.match(await order({ op: 'assigned', host: HOST }), /\{"a":"1"\}/)
  assert.equal(problemIn(await order({ op: 'assign', host: HOST, labels: { a: '2' } })).code, 'STALE')
  assert.equal(problemIn(await order({ op: 'seal', host: 'local-11111111111111-1' })).code, 'NOT_FOUND')
  for (const key of [doorKey(MASTER_KEY, 'other'), hostKey(MASTER_KEY, HOST)]) {
    assert.equal(problemIn(await order({ op: 'remove', host: HOST }, key)).code, 'UNAUTHENTICATED')
  }
  const removal = requestFor(sign(KEY, { op: 'remove', host: HOST }, 30_000), 'POST /door')
  assert.match(await exchange(port, removal), /^HTTP\/1\.1 200 /)
  await assert.rejects(stat(path), { code: 'ENOENT' })
  assert.equal(problemIn(await exchange(port, removal)).code, 'UNAUTHENTICATED')
})

test('a directory with a socket in it is not opened again', async (t) => {
  const { hostsDir, port } = await openDoor(t)
  await echoHost(t, hostsDir, HOST)
  await chmod(join(hostsDir, HOST), 0o755)
  await exchange(port, requestFor(sign(KEY, { op: 'make', host: HOST }, 30_000), 'POST /door'))
  assert.equal((await stat(join(hostsDir, HOST))).mode & 0o777, 0o755)
})
