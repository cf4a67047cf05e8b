/** Files through gateway, orchestrator and session host: as they are, whole or not at all, and only for who may. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { HoldfastError, Session } from '@holdfast/protocol'
import { command, type Stack, startStack, until } from './support/stack.ts'

const CLI = join(import.meta.dirname, '../../cli/src/main.ts')
const MEGABYTE = 1024 * 1024
const PIECES = 24
const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'none',
    (error: HoldfastError) => error.code,
  )

describe('files of a session', () => {
  let stack: Stack
  let session: Session
  const dir = mkdtempSync(join(tmpdir(), 'hf-files-'))
  before(async () => {
    stack = await startStack('process')
    session = await stack.client.createSession({ command: 'cat', cwd: dir })
  })
  after(async () => {
    await stack?.destroy()
    rmSync(dir, { recursive: true, force: true })
  })

  test('a large one goes there and back as a stream, byte for byte', async () => {
    const piece = randomBytes(MEGABYTE)
    let sent = 0
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (sent++ === PIECES) controller.close()
        else controller.enqueue(piece)
      },
    })
    await stack.client.upload(session.id, 'large', stream)
    const expected = hash(Buffer.concat(Array.from({ length: PIECES }, () => piece)))
    assert.equal(hash(readFileSync(join(dir, 'large'))), expected)
    const { size, body } = await stack.client.download(session.id, 'large')
    assert.equal(size, PIECES * MEGABYTE)
    assert.equal(hash(new Uint8Array(await new Response(body).arrayBuffer())), expected)
  })

  test('it comes as an attachment that no browser runs', async () => {
    writeFileSync(join(dir, 'pägé.html'), '<script>')
    const answer = await fetch(`${stack.url}${stack.client.fileUrl(session.id, 'pägé.html')}`, {
      headers: { authorization: `Bearer ${stack.key}` },
    })
    assert.equal(answer.headers.get('content-type'), 'application/octet-stream')
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    assert.equal(
      answer.headers.get('content-disposition'),
      `attachment; filename="p_g_.html"; filename*=UTF-8''p%C3%A4g%C3%A9.html`,
    )
    assert.equal(await answer.text(), '<script>')
  })

  test('nothing is replaced unless that is said, also not by what is larger than any buffer', async () => {
    writeFileSync(join(dir, 'mine'), 'old')
    const large = new Uint8Array(8 * MEGABYTE)
    assert.equal(await codeOf(stack.client.upload(session.id, 'mine', large)), 'FILE_EXISTS')
    assert.equal(readFileSync(join(dir, 'mine'), 'utf8'), 'old')
    await stack.client.upload(session.id, 'mine', new Blob(['new']), { overwrite: true })
    assert.equal(readFileSync(join(dir, 'mine'), 'utf8'), 'new')
    assert.equal(await codeOf(stack.client.upload(session.id, 'absent/x', large)), 'FILE_NOT_FOUND')
    assert.equal(await codeOf(stack.client.download(session.id, 'absent')), 'FILE_NOT_FOUND')
    assert.equal(await codeOf(stack.client.download(session.id, '.')), 'BAD_REQUEST')
  })

  test('the command line copies into a session and out of it', async () => {
    const here = mkdtempSync(join(tmpdir(), 'hf-here-'))
    const cp = (...args: string[]): Promise<string> =>
      command(
        'env',
        `HOLDFAST_URL=${stack.url}`,
        `HOLDFAST_KEY=${stack.key}`,
        process.execPath,
        CLI,
        'cp',
        ...args,
      ).then(
        () => '',
        ({ message }: Error) => message,
      )
    writeFileSync(join(here, 'a'), 'from here')
    assert.equal(await cp(join(here, 'a'), `${session.id}:`), '')
    assert.equal(readFileSync(join(dir, 'a'), 'utf8'), 'from here')
    writeFileSync(join(dir, 'a'), 'from there')
    assert.match(await cp(join(here, 'a'), `${session.id}:a`), /is there already/)
    assert.match(await cp(`${session.id}:a`, here), /is there already/)
    assert.equal(await cp(`${session.id}:a`, here, '--force'), '')
    assert.equal(readFileSync(join(here, 'a'), 'utf8'), 'from there')
    assert.match(await cp(`${session.id}:absent`, here), /no such file/)
    assert.match(await cp('/absent', `${session.id}:`), /no such file/)
    assert.deepEqual(readdirSync(here), ['a'])
    rmSync(here, { recursive: true })
  })

  test('an upload that is given up leaves nothing', async () => {
    const before = readdirSync(dir).length
    const stop = new AbortController()
    const endless = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        await new Promise((turn) => setImmediate(turn)) // or nothing else would run
        controller.enqueue(new Uint8Array(1000))
      },
    })
    const upload = stack.client.upload(session.id, 'endless', endless, { signal: stop.signal })
    await until('it has begun', () => readdirSync(dir).length > before)
    stop.abort()
    await assert.rejects(upload, { name: 'AbortError' })
    await until('it is gone', () => readdirSync(dir).length === before)
  })

  test('a ticket, which may attach, reads and writes nothing; other routes take no large bodies', async () => {
    const { ticket } = await stack.client.createTicket(session.id, { mode: 'rw' })
    const put = async (authorization: string, path: string, body: BodyInit) =>
      (await fetch(`${stack.url}${path}`, { method: 'PUT', headers: { authorization }, body })).status
    assert.equal(await put(`Bearer ${ticket}`, stack.client.fileUrl(session.id, 'x'), 'x'), 401)
    assert.equal(await put(`Bearer ${stack.key}`, '/v1/maintenance', new Uint8Array(2 * MEGABYTE)), 413)
  })

  test('the file of a session that has ended cannot be had, and that is said', async () => {
    const { id } = await stack.client.createSession({ command: 'true', cwd: dir })
    await stack.client.wait(id, { until: 'exit' })
    assert.equal(await codeOf(stack.client.download(id, 'mine')), 'SESSION_ENDED')
  })
})
