/** Taking down: in order, once, and whatever fails on the way. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Undo } from '../src/undo.ts'

test('what was made last goes first, and a failure stops nothing', async () => {
  const undo = new Undo()
  const done: string[] = []
  undo.add(() => done.push('network'))
  undo.add(() => {
    throw new Error('stuck')
  })
  undo.add(async () => done.push('container'))
  const failures = await undo.run()
  assert.deepEqual(done, ['container', 'network'])
  assert.deepEqual(failures.map(String), ['Error: stuck'])
})

test('what was taken down already is not taken down again', async () => {
  const undo = new Undo()
  let count = 0
  const now = undo.add(() => count++)
  await now()
  await now()
  await undo.run()
  assert.equal(count, 1)
})
