/** Redis away while sessions run: told within a second, gateways still served, everything works again after its return. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually, redisForTests } from '@holdfast/session-store/redis-server'
import { Redis } from 'ioredis'
import { type Answer, newWorld, startOrchestrator } from './fixture.ts'

const { skip, server } = await redisForTests(process.env)

/** The call against a timer of one second in the same process: whichever is due first wins, however slow the machine. */
const withinASecond = (call: Promise<Answer>): Promise<Answer> => {
  const timer = new AbortController()
  const late = delay(1000, undefined, { signal: timer.signal }).then(
    () => Promise.reject(new Error('took longer than a second')),
    () => new Promise<never>(() => {}),
  )
  return Promise.race([call, late]).finally(() => timer.abort())
}

for (const outage of ['stopped', 'frozen'] as const) {
  test(`Redis ${outage}: 503 within a second, resolve goes on, and it all works again`, { skip }, async (t) => {
    const world = await newWorld(t, server())
    const { call, create, phase, engine } = await startOrchestrator(t, world)
    const { id } = await create({ name: 'survivor' })
    const [down, up] = outage === 'stopped' ? (['stop', 'start'] as const) : (['pause', 'unpause'] as const)
    await server()[down]()
    try {
      const calls: [Parameters<typeof call>[0], string, unknown?][] = [
        ['GET', '/v1/sessions'],
        ['GET', `/v1/sessions/${id}`],
        ['POST', '/v1/sessions', {}],
        ['DELETE', `/v1/sessions/${id}`],
        ['POST', `/v1/sessions/${id}/tickets`, {}],
        ['GET', '/v1/events'],
      ]
      for (const [method, path, body] of calls) {
        const answer = await withinASecond(call(method, path, body))
        assert.equal(answer.status, 503, `${method} ${path}: ${answer.text}`)
        assert.equal(answer.body.code, 'STORE_UNAVAILABLE')
        assert.match(String(answer.headers['content-type']), /^application\/problem\+json/)
      }
      const resolved = await call('GET', `/internal/resolve/${id}`)
      assert.equal(resolved.status, 200)
      assert.equal(resolved.body.phase, 'running')
      assert.match(String(resolved.body.address), /^unix:/)
      assert.equal(engine.domain.live.get(id)?.status?.viewers, 0)
    } finally {
      await server()[up]()
    }
    await eventually('the API', async () => (await call('GET', '/v1/sessions')).status === 200)
    // Stopped means emptied here: this Redis keeps nothing on disk.
    await phase(id, 'running')
    const made = await create({ command: 'sh', args: ['-c', 'exit 5'] })
    assert.equal((await phase(made.id, 'exited')).exitCode, 5)
    assert.equal((await call('DELETE', `/v1/sessions/${id}`)).status, 204)
  })
}

test('Redis full: creates are 503 in clear words, what runs goes on, and it all works again', { skip }, async (t) => {
  const world = await newWorld(t, server())
  const { call, create, engine } = await startOrchestrator(t, world)
  const { id } = await create({ command: 'cat' })
  const redis = new Redis(server().url)
  t.after(() => redis.disconnect())
  await redis.config('SET', 'maxmemory', '1')
  try {
    const refused = await call('POST', '/v1/sessions', {})
    assert.equal(refused.status, 503, refused.text)
    assert.equal(refused.body.code, 'STORE_UNAVAILABLE')
    assert.match(String(refused.body.detail), /OOM|maxmemory/)
    assert.equal((await call('POST', `/v1/sessions/${id}/input`, { text: 'still here\n' })).status < 300, true)
    const waited = await call('POST', `/v1/sessions/${id}/wait`, { until: 'text', text: 'still here' })
    assert.equal(waited.body.met, true)
    assert.equal(engine.ready(), true)
  } finally {
    await redis.config('SET', 'maxmemory', '0')
  }
  assert.equal((await create({})).phase, 'running')
  assert.equal((await call('GET', `/v1/sessions/${id}`)).session.phase, 'running')
})

test('Redis down at the start: not ready and says why, then starts by itself', { skip }, async (t) => {
  const world = await newWorld(t, server())
  await server().stop()
  const { call, create, engine } = await startOrchestrator(t, world, { started: false })
  try {
    assert.match(String(engine.ready()), /Redis/)
    assert.equal((await call('POST', '/v1/sessions', {})).body.code, 'STORE_UNAVAILABLE')
  } finally {
    await server().start()
  }
  await eventually('ready', () => engine.ready() === true)
  assert.equal((await create({})).phase, 'running')
})
