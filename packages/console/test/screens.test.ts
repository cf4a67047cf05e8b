/** The wall's questions for screens: few at a time, none for what is out of view, hidden or over. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signal } from '@preact/signals'
import { Screens, type Shot } from '../src/wall/screens.ts'

/** Questions that are answered when the test says so. */
const world = (refreshMs: number) => {
  const asked: { id: string; answer(text: string): void; fail(error: Error): void }[] = []
  const screens = new Screens({
    read: (id) => new Promise((answer, fail) => asked.push({ id, answer, fail })),
    explain: (error) => `no: ${(error as Error).message}`,
    refreshMs,
  })
  const watch = (id: string, ended = false) => {
    const shot = signal<Shot>(null)
    return { shot, leave: screens.watch(id, shot, ended) }
  }
  return { asked, screens, watch }
}
const settle = (): Promise<void> => new Promise((done) => setImmediate(done))

test('four are asked for at a time, the others when one has answered', async () => {
  const { asked, watch } = world(60_000)
  const all = Array.from({ length: 10 }, (_, at) => watch(`s${at}`))
  assert.deepEqual(
    asked.map(({ id }) => id),
    ['s0', 's1', 's2', 's3'],
  )
  asked[0]?.answer('hello')
  await settle()
  assert.deepEqual(all[0]?.shot.value, { ansi: 'hello' })
  assert.equal(asked[4]?.id, 's4')
  all[5]?.leave()
  asked[1]?.fail(new Error('gone'))
  await settle()
  assert.deepEqual(all[1]?.shot.value, { failure: 'no: gone' })
  assert.equal(asked[5]?.id, 's6', 's5 is out of view')
  for (const { leave } of all) leave()
})

/** Resolves when there is one. */
const some = async (list: readonly unknown[]): Promise<void> => {
  while (list.length === 0) await new Promise((turn) => setImmediate(turn))
}

test('a running one is asked for again, one that has ended is not, and none while the tab is hidden', async () => {
  const { asked, screens, watch } = world(0)
  const running = watch('running')
  const ended = watch('ended', true)
  for (const { answer } of asked.splice(0)) answer('x')
  await some(asked)
  assert.deepEqual(
    asked.map(({ id }) => id),
    ['running'],
  )
  screens.pause(true)
  asked.splice(0)[0]?.answer('y')
  await settle()
  screens.changed('running', false)
  assert.equal(asked.length, 0)
  screens.pause(false)
  await some(asked)
  assert.deepEqual(
    asked.map(({ id }) => id),
    ['running'],
  )
  asked.splice(0)[0]?.fail(new Error('away'))
  await settle()
  assert.deepEqual(running.shot.value, { ansi: 'y' }, 'what was there stays')
  running.leave()
  ended.leave()
})
