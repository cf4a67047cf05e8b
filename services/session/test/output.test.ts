/** Output by offset: exact bytes, what is gone, and what is asked wrongly. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OUTPUT_FROM } from '@holdfast/protocol'
import { eventually, shell, startHost, type TestHost } from './harness.ts'

const outputEnds = async (host: TestHost): Promise<number> => {
  await eventually('the end of the command', async () => (await host.status()).exit !== null)
  return (await host.status()).offset
}

test('any part of the output comes byte for byte, over the borders of blocks, also after the end', async (t) => {
  const host = await startHost(t)
  await host.claim(shell(`stty raw; head -c 200000 /dev/zero | tr '\\0' x; printf '\\377\\0\\033[31mred'`))
  const end = await outputEnds(host)
  const all = Buffer.concat([Buffer.alloc(200_000, 'x'), Buffer.from('\xff\0\x1b[31mred', 'latin1')])
  assert.equal(end, all.length)
  for (const [from, to] of [
    [0, end],
    [65_530, 65_540],
    [131_071, 131_073],
    [1, 199_999],
    [end - 10, end],
    [7, 7],
    [end, end],
  ] as const) {
    const reply = await host.call('GET', `/output?from=${from}&to=${to}`)
    assert.deepEqual(
      [reply.status, reply.type, reply.headers[OUTPUT_FROM]],
      [200, 'application/octet-stream', `${from}`],
    )
    assert.ok(reply.bytes.equals(all.subarray(from, to)), `${from} to ${to}`)
  }
  assert.ok((await host.call('GET', '/output')).bytes.equals(all), 'by default all there is')
  assert.ok((await host.call('GET', `/output?from=${end - 3}`)).bytes.equals(Buffer.from('red')))
})

test('what the replay buffer has forgotten is refused, saying what is held; partial gives that', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('stty raw; seq 1 100000', { replayBytes: 65_536 }))
  const end = await outputEnds(host)
  const gone = await host.call('GET', '/output?from=10')
  assert.deepEqual([gone.status, gone.json().code, gone.json().retryable], [410, 'OUTPUT_GONE', false])
  const held = Number(/what follows byte (\d+) is still held/.exec(String(gone.json().detail))?.[1])
  assert.ok(held > 0 && held < end, `${gone.json().detail}`)
  const rest = await host.call('GET', '/output?from=10&partial=true')
  assert.deepEqual([rest.status, rest.headers[OUTPUT_FROM]], [200, `${held}`])
  assert.equal(rest.bytes.length, end - held)
  assert.match(rest.text, /^[\d\n]*\n100000\n$/)
  const none = await host.call('GET', '/output?from=10&to=20&partial=true')
  assert.deepEqual([none.status, none.headers[OUTPUT_FROM], none.bytes.length], [200, '20', 0])
  assert.equal((await host.call('GET', '/output?from=10&to=20')).status, 410)
  assert.equal((await host.call('GET', `/output?from=${held}`)).bytes.length, end - held)
})

test('a part above 32 MiB is refused, also when it is what is left of a longer one', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('stty raw; head -c 40000000 /dev/zero', { replayBytes: 34 * 1024 * 1024 }))
  const end = await outputEnds(host)
  assert.deepEqual((await host.call('GET', `/output?from=${end - 33 * 1024 * 1024}`)).json().code, 'TOO_LARGE')
  const most = await host.call('GET', `/output?from=${end - 32 * 1024 * 1024}`)
  assert.deepEqual([most.status, most.bytes.length], [200, 32 * 1024 * 1024])
  assert.equal((await host.call('GET', '/output?partial=true')).json().code, 'TOO_LARGE')
})

test('the output of a flood can be read while it comes, whole or as far as it is held', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('stty raw; yes 0123456', { replayBytes: 65_536 }))
  await eventually('a flood', async () => (await host.status()).offset > 1_000_000)
  for (let turn = 0; turn < 5; turn++) {
    const { bytes, headers, status } = await host.call('GET', '/output?partial=true')
    assert.equal(status, 200)
    const phase = Number(headers[OUTPUT_FROM]) % 8
    const expected = Buffer.from('0123456\n'.repeat(bytes.length / 8 + 2)).subarray(phase, phase + bytes.length)
    assert.ok(bytes.equals(expected), 'nothing is missing in it')
  }
})

test('a part that is wrong is refused, naming what is', async (t) => {
  const host = await startHost(t)
  assert.equal((await host.call('GET', '/output')).json().code, 'SESSION_STARTING')
  await host.claim(shell('printf 0123456789; exec sleep 600'))
  await eventually('ten bytes', async () => (await host.status()).offset === 10)
  for (const [query, said] of [
    ['from=5&to=4', /behind/],
    ['from=-1', /from is an offset/],
    ['to=-1', /to is an offset/],
    ['from=abc', /from is an offset/],
    ['from=', /from is an offset/],
    ['from=1.5', /from is an offset/],
    ['from=1e3', /from is an offset/],
    ['to=11', /has 10 bytes so far/],
    ['from=11', /has 10 bytes so far/],
    ['from=0&to=9007199254740991', /has 10 bytes so far/],
    ['from=9007199254740992', /from is an offset/],
    ['to=99999999999999999999', /to is an offset/],
    ['partial=yes', /partial is/],
  ] as const) {
    const reply = await host.call('GET', `/output?${query}`)
    assert.deepEqual([reply.status, reply.json().code], [400, 'BAD_REQUEST'], query)
    assert.match(String(reply.json().detail), said, query)
  }
  assert.equal((await host.call('GET', '/output', undefined, '')).status, 401)
  assert.equal((await host.call('GET', '/output?from=4&to=6')).text, '45')
})
