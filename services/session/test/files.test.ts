/** Files of a session by HTTP: whole or not at all, as its user may have them. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { transfer } from '../src/files.ts'
import { claimOf, eventually, grant, shell, startHost, type TestHost } from './harness.ts'

const fixture = async (t: TestContext): Promise<{ host: TestHost; dir: string }> => {
  const dir = mkdtempSync(join(tmpdir(), 'hf-files-'))
  t.after(() => {
    if (process.getuid?.() === 0) for (const name of readdirSync(dir)) spawnSync('umount', ['-q', join(dir, name)])
    rmSync(dir, { recursive: true, force: true })
  })
  const host = await startHost(t)
  await host.claim(claimOf('cat', [], { cwd: dir }))
  return { host, dir }
}
const query = (path: string, more = ''): string => `/files?path=${encodeURIComponent(path)}${more}`
const put = (host: TestHost, path: string, body: string, more = '') => host.call('PUT', query(path, more), body)
const get = (host: TestHost, path: string) => host.call('GET', query(path))

test('a file comes to where the session is, and back as it was', async (t) => {
  const { host, dir } = await fixture(t)
  const bytes = 'ä\0\n'.repeat(300_000)
  assert.equal((await put(host, 'a file', bytes)).status, 200)
  assert.equal(readFileSync(join(dir, 'a file'), 'utf8'), bytes)
  assert.deepEqual(readdirSync(dir), ['a file'])
  const back = await get(host, join(dir, 'a file'))
  assert.deepEqual(
    [back.status, back.type, back.headers['content-length']],
    [200, 'application/octet-stream', '1200000'],
  )
  assert.equal(back.text, bytes)
  assert.equal((await put(host, 'empty', '')).status, 200)
  assert.equal((await get(host, 'empty')).text, '')
})

test('relative paths begin where the shell says that it is, else where the program in front is', async (t) => {
  const { dir } = await fixture(t)
  for (const name of ['told', 'front']) mkdirSync(join(dir, name))
  const host = await startHost(t)
  await host.claim(
    shell(`cd front; echo there; read -r; printf '\\033]7;file://%s\\007told' '${dir}/told'; cat`, { cwd: dir }),
  )
  await host.call('POST', '/wait', { until: 'text', text: 'there', timeoutMs: 10_000 })
  assert.equal((await put(host, 'x', '1')).status, 200)
  assert.deepEqual(readdirSync(join(dir, 'front')), ['x'])
  await host.call('POST', '/input', { text: '\n' })
  await host.call('POST', '/wait', { until: 'text', text: 'told', timeoutMs: 10_000 })
  assert.equal((await put(host, 'x', '2')).status, 200)
  assert.deepEqual(readdirSync(join(dir, 'told')), ['x'])
})

test('before its command is there, relative paths begin where it will be', async (t) => {
  const { dir } = await fixture(t)
  const host = await startHost(t)
  await host.claim(claimOf('cat', [], { cwd: dir, held: true }))
  assert.equal((await put(host, 'early', '1')).status, 200)
  assert.deepEqual(readdirSync(dir), ['early'])
})

test('nothing is replaced that was not meant to be; what is replaced keeps its mode, and a link stays one', async (t) => {
  const { host, dir } = await fixture(t)
  writeFileSync(join(dir, 'real'), 'old', { mode: 0o640 })
  symlinkSync('real', join(dir, 'link'))
  for (const name of ['real', 'link']) {
    const refused = await put(host, name, 'new')
    assert.deepEqual([refused.status, refused.json().code], [409, 'FILE_EXISTS'])
  }
  assert.equal(readFileSync(join(dir, 'real'), 'utf8'), 'old')
  assert.equal((await put(host, 'link', 'new', '&overwrite=true')).status, 200)
  assert.equal(readFileSync(join(dir, 'real'), 'utf8'), 'new')
  assert.equal(statSync(join(dir, 'real')).mode & 0o777, 0o640)
  assert.deepEqual(readdirSync(dir).sort(), ['link', 'real'])
  assert.equal((await get(host, 'link')).text, 'new')
})

test('an upload that breaks off leaves nothing, and the old file as it was', async (t) => {
  const { host, dir } = await fixture(t)
  writeFileSync(join(dir, 'kept'), 'old')
  const headers = { authorization: `Bearer ${grant()}`, 'content-length': '1000000' }
  const path = query('kept', '&overwrite=true')
  const upload = request({ socketPath: host.address, method: 'PUT', path, headers, agent: false })
  upload.on('error', () => {})
  upload.write('x'.repeat(1000))
  await eventually('something has come', () => readdirSync(dir).length === 2)
  upload.destroy()
  await eventually('it is gone', () => readdirSync(dir).length === 1)
  assert.equal(readFileSync(join(dir, 'kept'), 'utf8'), 'old')
})

test('what is no file of the session is refused with a word, and nothing hangs', async (t) => {
  const { host, dir } = await fixture(t)
  execFileSync('mkfifo', [join(dir, 'fifo')])
  mkdirSync(join(dir, 'sub'))
  symlinkSync('loop', join(dir, 'loop'))
  const refusals: [string, string, number, string][] = [
    ['GET', 'fifo', 400, 'no regular file'],
    ['GET', '/dev/zero', 400, 'no regular file'],
    ['GET', 'sub', 400, 'is a directory'],
    ['GET', 'loop', 400, 'in a circle'],
    ['GET', 'absent', 404, 'no such file'],
    ['GET', '/proc/self/environ', 400, 'no regular file'],
    ['GET', '', 400, 'name of a file'],
    ['PUT', 'fifo', 400, 'no regular file'],
    ['PUT', 'sub/', 400, 'is a directory'],
    ['PUT', 'absent/x', 404, 'no such file or directory'],
    ['PUT', 'sub/'.padEnd(400, 'n'), 400, 'too long'],
  ]
  for (const [method, path, status, word] of refusals) {
    const reply = await host.call(
      method,
      query(path, '&overwrite=true'),
      method === 'PUT' ? 'x'.repeat(100_000) : undefined,
    )
    assert.equal(reply.status, status, `${method} ${path}: ${reply.text}`)
    assert.match(String(reply.json().detail), new RegExp(word))
  }
  assert.deepEqual(readdirSync(dir).sort(), ['fifo', 'loop', 'sub'])
  assert.deepEqual(readdirSync(join(dir, 'sub')), [])
})

test('a file above the limit is refused, and what came of it taken away', async (t) => {
  const { dir } = await fixture(t)
  const server = createServer(async (request, response) => {
    const path = join(dir, 'x')
    const refusal = await transfer({ request, response, path, overwrite: false, maxBytes: 100_000 })
    response.end(refusal?.code)
  })
  t.after(() => server.close())
  await once(server.listen(0), 'listening')
  const { port } = server.address() as AddressInfo
  const reply = await fetch(`http://127.0.0.1:${port}/`, { method: 'PUT', body: 'x'.repeat(1_000_000) })
  assert.equal(await reply.text(), 'TOO_LARGE')
  assert.deepEqual(readdirSync(dir), [])
})

test('a full disk is told, and nothing is left on it', {
  skip: process.getuid?.() !== 0 && 'needs root to mount',
}, async (t) => {
  const { host, dir } = await fixture(t)
  const small = join(dir, 'small')
  mkdirSync(small)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', small])
  const reply = await put(host, 'small/x', 'x'.repeat(1024 * 1024))
  assert.deepEqual([reply.status, reply.json().code], [507, 'DISK_FULL'])
  assert.deepEqual(readdirSync(small), [])
})

test('where the file system can only be read, that is told', {
  skip: process.getuid?.() !== 0 && 'needs root to mount',
}, async (t) => {
  const { host, dir } = await fixture(t)
  const fixed = join(dir, 'fixed')
  mkdirSync(fixed)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,ro', 'none', fixed])
  const reply = await put(host, 'fixed/x', 'x')
  assert.deepEqual([reply.status, reply.json().code], [403, 'FILE_DENIED'])
})

test('what another user keeps to himself is refused', {
  skip: process.getuid?.() === 0 && 'root may do all',
}, async (t) => {
  const { host, dir } = await fixture(t)
  writeFileSync(join(dir, 'secret'), 'x', { mode: 0o000 })
  mkdirSync(join(dir, 'closed'))
  chmodSync(join(dir, 'closed'), 0o500)
  assert.equal((await get(host, 'secret')).json().code, 'FILE_DENIED')
  assert.equal((await put(host, 'closed/x', 'x')).json().code, 'FILE_DENIED')
})

test('a session that has ended takes no files', async (t) => {
  const { host } = await fixture(t)
  await host.call('POST', '/stop', { graceMs: 0 })
  const reply = await put(host, 'x', 'x')
  assert.deepEqual([reply.status, reply.json().code], [409, 'SESSION_ENDED'])
})
