/** Sessions that ran elsewhere before, on real parts: what they bring along, and the environment that goes with them to a next place. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, redisForTests } from '@holdfast/session-store/redis-server'
import { newWorld, startOrchestrator, tokenOf } from './fixture.ts'

const { skip, server } = await redisForTests(process.env)

test('it shows what it showed there, begins by its recipe when told to, and starts like any other from then on', {
  skip,
}, async (t) => {
  const { call, create, engine } = await startOrchestrator(t, await newWorld(t, server()))
  const command = { command: 'sh', args: ['-c', 'echo never'], resume: ['sh', '-c', 'echo "goes on"; exec sleep 600'] }
  const { id } = await create({ ...command, continues: { screen: 'old work' } })
  const screen = async () => (await call('GET', `/v1/sessions/${id}/screen`)).text
  assert.match(await screen(), /^old work\n── resumed .* ──\n$/)
  const record = await engine.domain.store.get('acme', id)
  assert.deepEqual(
    ['above', 'again', 'held'].filter((name) => name in (record?.spec ?? {})),
    [],
    'the index does not keep what was for one start',
  )
  await eventually('CONT is taken', async () => {
    const { status } = await call('POST', `/v1/sessions/${id}/signal`, { name: 'CONT' })
    return status === 200
  })
  await eventually('it goes on', async () => /──\ngoes on\n$/.test(await screen()))
  await call('POST', `/v1/sessions/${id}/suspend`, {})
  await call('POST', `/v1/sessions/${id}/resume`)
  await eventually('it runs again, and nobody had to say so', async () =>
    /^old work\n.*\ngoes on\n.*\ngoes on\n$/.test(await screen()),
  )
  assert.equal((await call('DELETE', `/v1/sessions/${id}`)).status, 204)
})

test('its environment is told to who made it, without that of the template, whether it runs or is suspended', {
  skip,
}, async (t) => {
  const { call, create } = await startOrchestrator(t, await newWorld(t, server()))
  const { id } = await create({ command: 'cat', env: { SECRET: 'hush' } })
  const read = (principal = 'ada') =>
    call('GET', `/v1/sessions/${id}/environment`, undefined, { authorization: tokenOf({ principal }) })
  for (const action of ['suspend', 'resume']) {
    const { body, headers } = await read()
    assert.deepEqual([body, headers['cache-control']], [{ env: { SECRET: 'hush' } }, 'no-store'])
    assert.deepEqual((await read('eve')).body.code, 'FORBIDDEN')
    await call('POST', `/v1/sessions/${id}/${action}`, action === 'suspend' ? {} : undefined)
  }
  const stranger = { authorization: tokenOf({ tenant: 'other' }) }
  assert.equal((await call('GET', `/v1/sessions/${id}/environment`, undefined, stranger)).status, 404)
  assert.equal((await call('DELETE', `/v1/sessions/${id}`)).status, 204)
})
