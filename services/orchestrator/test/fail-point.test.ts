/** The seam by which fault tests kill the orchestrator at one call: only that call, only on that side, and never by mistake. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withFailPoint } from '../src/fail-point.ts'

const calls = { create: async (name: string) => `${name} is made`, remove: async () => undefined }

test('without a fail point, or with one of another part, the object itself is used', () => {
  assert.equal(withFailPoint('runtime', calls, ''), calls)
  assert.equal(withFailPoint('runtime', calls, 'store.create:after'), calls)
})

test('the call at the fail point kills the process before or after it ran; others do not', async (t) => {
  const kill = t.mock.method(process, 'kill', () => true)
  const create = t.mock.fn(calls.create)
  const target = withFailPoint('runtime', { ...calls, create }, 'runtime.create:after')
  await target.remove()
  assert.equal(kill.mock.callCount(), 0)
  assert.equal(await target.create('one'), 'one is made')
  assert.deepEqual(kill.mock.calls[0]?.arguments, [process.pid, 'SIGKILL'])
  kill.mock.mockImplementation(() => {
    throw new Error('killed')
  })
  await assert.rejects(withFailPoint('runtime', { create }, 'runtime.create:before').create('two'), /killed/)
  assert.equal(create.mock.callCount(), 1)
})

test('a call that is not there is told, for a test that never hits its point would prove nothing', () => {
  assert.throws(() => withFailPoint('runtime', calls, 'runtime.creat:after'), /has no call "creat"/)
})
