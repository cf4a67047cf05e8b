import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually, shell, startHost } from './harness.ts'

test('a kill for want of memory is told in the stream, as a notice and in the status', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'hf-oom-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const counter = join(directory, 'memory.events')
  writeFileSync(counter, 'low 0\noom 3\noom_kill 5\noom_group_kill 0\n')
  const host = await startHost(t, { oomCounters: [join(directory, 'missing'), counter] })
  await host.claim(shell('printf before; cat'))
  const view = (await host.view()).attach()
  await view.shows('before')
  writeFileSync(counter, 'low 0\noom 4\noom_kill 7\noom_group_kill 0\n')
  await view.shows('before\r\n[holdfast] a process was killed: out of memory\r\n')
  assert.equal((await view.gets('notice')).level, 'warning')
  const { oomKills, offset } = await host.status()
  assert.equal(oomKills, 2)
  assert.equal(offset, view.offset, 'offsets stay one truth')
})

test('a kill in the last second of the session is told before its exit', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'hf-oom-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const counter = join(directory, 'memory.oom_control')
  writeFileSync(counter, 'oom_kill_disable 0\nunder_oom 0\noom_kill 0\n')
  const host = await startHost(t, { oomCounters: [counter] })
  const script = `printf 'oom_kill_disable 0\\nunder_oom 0\\noom_kill 1\\n' >${counter}; kill -9 $$`
  await host.claim(shell(script))
  await eventually('the end', async () => (await host.status()).exit !== null)
  const view = (await host.view()).attach()
  assert.equal((await view.gets('exit')).signal, 'KILL')
  assert.match(view.text, /out of memory/)
})
