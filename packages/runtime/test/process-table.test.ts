/** Reading /proc: names that look like fields, and who belongs to whom. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { family, gone, isAlive, killAll, parseStat, signal } from '../src/process-table.ts'

const SLEEP = 'setInterval(() => {}, 1000)'
const rowOf = (pid: number) => {
  const row = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  assert.ok(row)
  return row
}

test('a command name with blanks and parentheses does not shift the fields', () => {
  const rest = Array.from({ length: 30 }, (_, index) => String(index + 7)).join(' ')
  const row = parseStat(`42 (a) R (1 2) S 4 5 6 ${rest}`)
  assert.deepEqual(row, { pid: 42, state: 'S', parent: 4, group: 5, session: 6, foreground: 8, startTicks: 22 })
  for (const text of ['', '42', '42 (x) S', 'x (y) S 1 2 3']) assert.equal(parseStat(text), null)
})

test('a process with the same pid and another start is somebody else, and gets no signal', async () => {
  const child = spawn(process.execPath, ['-e', SLEEP])
  await once(child, 'spawn')
  const row = rowOf(child.pid ?? 0)
  const other = { ...row, startTicks: row.startTicks - 1 }
  assert.equal(await isAlive(row), true)
  assert.equal(await isAlive(other), false)
  assert.deepEqual(await family([other]), [])
  await signal(other, 'SIGKILL')
  assert.equal(await killAll([other], 1_000), true)
  assert.equal(await isAlive(row), true)
  assert.equal(await gone([row], 0), false)
  await signal(row, 'SIGKILL')
  assert.equal(await gone([row], 10_000), true)
})

test('killAll takes children in sessions of their own, and no bystander', async () => {
  const script = `const { spawn } = require('child_process')
    const child = spawn(process.execPath, ['-e', '${SLEEP}'], { detached: true, stdio: 'ignore' })
    console.log(child.pid); ${SLEEP}`
  const parent = spawn(process.execPath, ['-e', script])
  const bystander = spawn(process.execPath, ['-e', SLEEP])
  const [printed] = await once(parent.stdout, 'data')
  const rows = [rowOf(parent.pid ?? 0), rowOf(Number(printed))]
  const members = (await family(rows.slice(0, 1))).map(({ pid }) => pid)
  assert.deepEqual(members.sort(), rows.map(({ pid }) => pid).sort())
  assert.equal(await killAll(rows.slice(0, 1), 10_000), true)
  assert.equal(await gone(rows, 0), true)
  assert.equal(await isAlive(rowOf(bystander.pid ?? 0)), true)
  bystander.kill('SIGKILL')
  await once(bystander, 'exit')
})
