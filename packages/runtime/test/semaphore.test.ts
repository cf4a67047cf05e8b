/** The line in front of the engine. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Semaphore } from '../src/semaphore.ts'

/** Tasks that end when told to. */
const held = () => {
  const open: Array<() => void> = []
  return { open, task: () => new Promise<void>((resolve) => open.push(resolve)) }
}

test('no more than the limit run at once, and all run in the end', async () => {
  const semaphore = new Semaphore(2, 60_000)
  const { open, task } = held()
  const all = Array.from({ length: 5 }, () => semaphore.run(task))
  for (let ended = 0; ended < 5; ended++) {
    await new Promise(setImmediate)
    assert.equal(open.length, Math.min(5, ended + 2))
    open[ended]?.()
  }
  await Promise.all(all)
})

test('a task that fails frees its place', async () => {
  const semaphore = new Semaphore(1, 60_000)
  await assert.rejects(
    semaphore.run(async () => Promise.reject(new Error('x'))),
    /x/,
  )
  assert.equal(await semaphore.run(async () => 'next'), 'next')
})

test('who waits too long is told so, and loses no place for the others', async () => {
  const semaphore = new Semaphore(1, 5)
  const { open, task } = held()
  const first = semaphore.run(task)
  await assert.rejects(semaphore.run(task), { code: 'RUNTIME_UNAVAILABLE' })
  open[0]?.()
  await first
  assert.equal(await semaphore.run(async () => 'next'), 'next')
})
