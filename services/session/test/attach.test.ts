/** `holdfast.v1`: resuming, exactly-once input, windows, read-only views, and what happens to mistakes. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { type HostMessage, MAX_MESSAGE_BYTES } from '@holdfast/protocol'
import headless from '@xterm/headless'
import { eventually, grant, HOST_ID, SESSION, shell, startHost, type TestHost, type View } from './harness.ts'

/** The lines of a terminal that was fed with these bytes. */
const lines = (parts: Buffer[], cols = 80, rows = 24): Promise<string[]> =>
  new Promise((resolve) => {
    const terminal = new headless.Terminal({ cols, rows, scrollback: 1000, allowProposedApi: true })
    for (const part of parts) terminal.write(part)
    terminal.write('', () => {
      const { active } = terminal.buffer
      const text = Array.from({ length: active.length }, (_, i) => active.getLine(i)?.translateToString(true) ?? '')
      terminal.dispose()
      resolve(text)
    })
  })

const detached = async (view: View): Promise<void> => {
  view.socket.close()
  await view.closed
}

test('the first view of a short session gets all of it', async (t) => {
  const host = await startHost(t)
  const epoch = (await host.claim(shell('printf hello; cat'))).epoch ?? ''
  await eventually('output', async () => (await host.status()).offset === 5)
  const view = (await host.view()).attach({ cols: 90, rows: 30 })
  await view.shows('hello')
  assert.deepEqual(view.find('attached'), {
    type: 'attached',
    session: SESSION,
    epoch,
    offset: 0,
    resume: 'fresh',
    inputOffset: 0,
    mode: 'rw',
    cols: 90,
    rows: 30,
    controller: 'c1',
  } satisfies HostMessage)
})

test('a client that comes back goes on at its byte', async (t) => {
  const host = await startHost(t)
  const { epoch } = await host.claim(shell('stty -echo; while read -r line; do echo "<$line>"; done'))
  const view = (await host.view()).attach()
  await view.gets('attached')
  view.type('one\n')
  await view.shows('<one>\r\n')
  await detached(view)
  await host.call('POST', '/input', { text: 'two\n' })
  const again = (await host.view()).attach({ epoch, offset: view.offset })
  await again.shows('<two>\r\n')
  assert.equal(again.find('attached')?.resume, 'delta')
  assert.equal(again.text, '<two>\r\n')
})

test('an offset that is no longer held, or of another epoch, or from the future, is answered with a state, not with a gap', async (t) => {
  const host = await startHost(t)
  const { epoch } = await host.claim(shell('seq 1 60000; printf "\\e[31mred\\e[0m"; cat', { replayBytes: 65_536 }))
  await eventually('all output', async () => (await host.call('GET', '/screen')).text.includes('red'))
  const whole = [...Array.from({ length: 60_000 }, (_, i) => `${i + 1}`), 'red'].slice(-1024)
  for (const from of [{ epoch, offset: 10 }, { epoch: 'other', offset: 380_000 }, { epoch, offset: 10 ** 9 }, {}]) {
    const view = (await host.view()).attach(from)
    await eventually('a snapshot', () => view.snapshots.length === 1)
    assert.equal(view.find('attached')?.resume, 'snapshot')
    assert.equal(view.find('snapshot')?.offset, (await host.status()).offset)
    assert.deepEqual(await lines(view.state), whole)
    await detached(view)
  }
})

test('an offset of another epoch starts at the beginning while that is still held', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('echo hello; cat'))
  const view = (await host.view()).attach({ epoch: 'older', offset: 3 })
  await view.shows('hello')
  assert.equal(view.find('attached')?.resume, 'fresh')
})

test('a view that is too slow skips, and ends with the same screen as one that is not', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('stty -echo; read; for i in $(seq 1 80); do printf "\\e[3%dm" $i; seq 1 20000; done; read'))
  const quick = (await host.view()).attach({ client: 'quick' })
  const slow = (await host.view()).attach({ client: 'slow' })
  slow.acks = false
  await slow.gets('attached')
  await quick.gets('attached')
  quick.type('\n')
  await eventually('all output', () => quick.offset > 80 * 128_000 && quick.text.endsWith('20000\r\n'))
  assert.ok(slow.offset <= 1024 * 1024, 'no more than its window was sent')
  slow.acks = true
  slow.send({ type: 'ack', offset: slow.offset })
  await eventually('the slow one to catch up', () => slow.offset === quick.offset)
  assert.ok(slow.snapshots.length > 0)
  assert.deepEqual((await lines(slow.state)).slice(-24), (await lines(quick.state)).slice(-24))
})

test('input that is sent again after a reconnect is typed once', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('stty -echo; echo ready; while read -r line; do echo "<$line>"; done'))
  const view = (await host.view()).attach()
  await view.shows('ready')
  view.type('first\nsec')
  await eventually('an acknowledgement', () => view.find('input-ack')?.offset === 9)
  await detached(view)
  const again = (await host.view()).attach()
  assert.equal((await again.gets('attached')).inputOffset, 9)
  again.type('ond\n')
  await again.shows('<second>')
  assert.equal(again.text.split('<first>').length, 2)
  const other = (await host.view()).attach({ client: 'c2' })
  assert.equal((await other.gets('attached')).inputOffset, 0)
})

test('the same client attaching again ends its older view for good', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('stty -echo; echo ready; while read -r line; do echo "<$line>"; done'))
  const older = (await host.view()).attach()
  await older.shows('ready')
  older.type('a\n')
  const newer = (await host.view()).attach()
  const { inputOffset } = await newer.gets('attached')
  assert.equal((await older.closed).code, 4409)
  newer.type(`${'a\n'.slice(inputOffset)}z\n`)
  await newer.shows('<z>')
  assert.equal(newer.text.split('<a>').length, 2, 'typed once, whichever view brought it')
  assert.equal((await host.status()).viewers, 1)
})

test('an attach that comes late, from a connection the same client has given up since, does not end the newer view', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('cat'))
  const late = await host.view()
  const begun = Date.now()
  await eventually('the clock, in milliseconds, goes on', () => Date.now() > begun)
  const newer = (await host.view()).attach()
  await newer.gets('attached')
  late.attach()
  assert.equal((await late.closed).code, 4408)
  newer.type('still here\n')
  await newer.shows('still here')
})

test('a read-only guest who knows the client id of another does not take its place', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('stty -echo; echo ready; cat'))
  const owner = (await host.view()).attach({ client: 'known' })
  await owner.shows('ready')
  const guest = (await host.view({ mode: 'ro' })).attach({ client: 'known' })
  assert.equal((await guest.gets('attached')).mode, 'ro')
  owner.type('still here\n')
  await owner.shows('still here')
  assert.equal((await host.status()).viewers, 2)
  assert.equal((await guest.gets('clients')).count, 2)
})

test('a paste larger than any buffer reaches a command that reads late, whole and in order', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('stty raw -echo; echo ready; read -rN 1 <<<x; sleep 0.7; head -c 3000000 | md5sum'))
  const view = (await host.view()).attach()
  await view.shows('ready')
  const part = Buffer.from(Array.from({ length: 500_000 }, (_, i) => 33 + (i % 90)))
  for (let i = 0; i < 6; i++) view.type(part)
  const sum = createHash('md5')
  for (let i = 0; i < 6; i++) sum.update(part)
  await view.shows(sum.digest('hex'))
  await eventually('the acknowledgement', () => view.find('input-ack')?.offset === 3_000_000)
})

for (const attempt of ['input', 'resize', 'take', 'signal']) {
  test(`a read-only view is ended when it tries ${attempt}, and nothing happens`, async (t) => {
    const host = await startHost(t)
    await host.claim(shell('stty -echo; echo ready; cat'))
    // The client asks for rw; the grant allows only ro.
    const view = (await host.view({ mode: 'ro' })).attach({ mode: 'rw' })
    assert.equal((await view.gets('attached')).mode, 'ro')
    await view.shows('ready')
    if (attempt === 'input') view.type('typed\n')
    if (attempt === 'resize') view.send({ type: 'resize', cols: 99, rows: 9 })
    if (attempt === 'take') view.send({ type: 'control', action: 'take' })
    if (attempt === 'signal') view.send({ type: 'signal', name: 'KILL' })
    assert.equal((await view.gets('error')).code, 'READ_ONLY')
    assert.equal((await view.closed).code, 4403)
    const { cols, exit } = await host.status()
    assert.deepEqual({ cols, exit }, { cols: 80, exit: null })
    assert.doesNotMatch((await host.call('GET', '/screen')).text, /typed/)
  })
}

const mistakes: [string, (view: View) => void, number, string | null][] = [
  ['text that is no JSON', (view) => view.socket.send('{'), 1008, 'BAD_REQUEST'],
  ['JSON that is no message', (view) => view.socket.send('[1]'), 1008, 'BAD_REQUEST'],
  ['binary before attach', (view) => view.type('x'), 1008, 'BAD_REQUEST'],
  ['another message before attach', (view) => view.send({ type: 'ack', offset: 0 }), 1008, 'BAD_REQUEST'],
  ['a million columns', (view) => view.attach({ cols: 1_000_000 }), 1008, 'BAD_REQUEST'],
  ['no columns', (view) => view.attach({ cols: 0 }), 1008, 'BAD_REQUEST'],
  ['a negative offset', (view) => view.attach({ epoch: 'x', offset: -1 }), 1008, 'BAD_REQUEST'],
  ['a client id with blanks', (view) => view.attach({ client: 'a b' }), 1008, 'BAD_REQUEST'],
  ['a second attach', (view) => view.attach().attach(), 1008, 'BAD_REQUEST'],
  ['a resize to nothing', (view) => view.attach().send({ type: 'resize', cols: -1, rows: 0 }), 1008, 'BAD_REQUEST'],
  ['a signal that does not exist', (view) => view.attach().send({ type: 'signal', name: 'BOO' }), 1008, 'BAD_REQUEST'],
  ['a message above the limit', (view) => view.attach().type(Buffer.alloc(MAX_MESSAGE_BYTES + 1)), 1009, null],
]
for (const [what, make, code, error] of mistakes) {
  test(`${what} ends the connection with ${code}, and only that`, async (t) => {
    const host = await startHost(t)
    await host.claim(shell('cat'))
    const view = await host.view()
    make(view)
    assert.equal((await view.closed).code, code)
    assert.equal(view.find('error')?.code ?? null, error)
    assert.equal((await host.status()).exit, null)
    await eventually('no view left', async () => (await host.status()).viewers === 0)
  })
}

test('a message of an unknown type is ignored, before attach and after it', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('cat'))
  const view = await host.view()
  view.send({ type: 'from-the-future', cols: 10 ** 6 })
  view.attach().send({ type: 'also-unknown' })
  view.send({ type: 'ping', id: 7 })
  assert.deepEqual(await view.gets('pong'), { type: 'pong', id: 7 })
})

test('a connection that does not attach in time is ended', async (t) => {
  const host = await startHost(t, { attachTimeoutMs: 30 })
  await host.claim(shell('cat'))
  const view = await host.view()
  assert.equal((await view.closed).code, 4408)
  assert.equal(view.find('error')?.code, 'ATTACH_TIMEOUT')
})

test('a session that has ended can still be read', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('echo bye; exit 3'))
  await eventually('the end', async () => (await host.status()).exit !== null)
  const view = (await host.view()).attach()
  assert.equal((await view.gets('exit')).exitCode, 3)
  assert.equal(view.text, 'bye\r\n')
  assert.equal((await view.closed).code, 1000)
})

test('title, directory and bell are told, at most ten times a second', async (t) => {
  const host = await startHost(t)
  const script =
    'for i in $(seq 1 3000); do printf "\\e]2;title $i\\a\\a"; done; printf "\\e]7;file://h/tmp/a%%20b\\a"; cat'
  await host.claim(shell(script))
  const view = (await host.view()).attach()
  await eventually('the last title', () => view.find('title')?.title === 'title 3000')
  await view.gets('bell')
  assert.equal((await view.gets('cwd')).cwd, '/tmp/a b')
  assert.ok(view.messages.length < 300, `${view.messages.length} messages`)
  const { title, cwd } = await host.status()
  assert.deepEqual({ title, cwd }, { title: 'title 3000', cwd: '/tmp/a b' })
})

const rawView = (host: TestHost, query = '', protocols: string[] = []) => host.view({}, protocols, query)

test('raw: plain bytes both ways, a state first, no control messages', async (t) => {
  const host = await startHost(t)
  await host.claim(
    shell('echo before; while read -r line; do stty size; echo "<$line>"; [ "$line" = end ] && exit 4; done'),
  )
  await eventually('output', async () => (await host.call('GET', '/screen')).text.includes('before'))
  const view = await rawView(host, '?cols=91&rows=31')
  view.socket.send('as text\n')
  await view.shows('<as text>')
  view.type('as binary\n')
  await view.shows('<as binary>')
  assert.match(view.text, /before/)
  assert.match(view.text, /31 91/)
  view.type('end\n')
  assert.equal((await view.closed).code, 1000)
  assert.match(view.text, /<end>\r\n$/)
  assert.deepEqual(view.messages, [])
})

test('raw by name, read-only: bytes come, and typing ends it', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('echo before; cat'))
  const view = await host.view({ mode: 'ro' }, ['raw'])
  assert.equal(view.socket.protocol, 'raw')
  await view.shows('before')
  view.type('x')
  assert.equal((await view.closed).code, 4403)
})

test('raw: sizes in the address are checked', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('cat'))
  for (const query of ['?cols=1000000', '?cols=0&rows=1', '?rows=-5', '?cols=abc', '?cols=']) {
    const refused = await host.refusal(grant({ op: 'attach', host: HOST_ID }), [], query)
    assert.deepEqual(refused, { status: 400, code: 'BAD_REQUEST' }, query)
  }
})
