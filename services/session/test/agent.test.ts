/** What the program in front is doing, as the host tells it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Agent, WaitResult } from '@holdfast/protocol'
import { eventually, shell, startHost, type TestHost } from './harness.ts'

const told = async (host: TestHost, state: string): Promise<Agent> => {
  await eventually(state, async () => (await host.status()).agent?.state === state)
  const { agent } = await host.status()
  assert.ok(agent !== null)
  return agent
}

/** A tool that goes by the name of Claude Code and shows pictures of it, each after a line was typed. */
const CLAUDE = `exec -a claude bash -c 'printf "\\342\\234\\275 Tempering... (esc to interrupt)\\n"; read -r
  printf "\\033c Do you want to proceed?\\n\\342\\235\\257 1. Yes\\n  2. No\\n"; read -r
  printf "\\033c> \\n"; read -r'`

test('a coding agent is seen to be busy, to ask and to be done; whoever waits for its question is told', async (t) => {
  const host = await startHost(t)
  await host.claim(shell(CLAUDE))
  const busy = await told(host, 'busy')
  assert.deepEqual([busy.name, busy.detector], ['claude-code', 'claude-code@2'])
  assert.match(busy.evidence, /esc to interrupt/)
  const waits = host.call('POST', '/wait', { until: 'waiting', timeoutMs: 20_000 })
  await host.call('POST', '/input', { text: '\r' })
  const { met, text } = (await waits).json() as WaitResult
  assert.deepEqual([met, text], [true, '❯ 1. Yes'])
  const asking = await told(host, 'waiting')
  assert.ok(Date.parse(asking.since ?? '') >= Date.parse(busy.since ?? ''))
  await host.call('POST', '/input', { text: '\r' })
  assert.equal((await told(host, 'idle')).name, 'claude-code')
  await host.call('POST', '/input', { text: '\r' })
  await eventually('the end', async () => (await host.status()).exit !== null)
  assert.equal((await host.status()).agent, null)
})

test('detectors of the claim come first', async (t) => {
  const host = await startHost(t)
  const detectors = [{ name: 'mine', version: 2, command: '^sleep$', rules: [{ state: 'waiting', text: 'name>' }] }]
  await host.claim({ ...shell('printf "name>"; exec sleep 600'), detectors: detectors as never })
  const { name, detector, evidence } = await told(host, 'waiting')
  assert.deepEqual([name, detector, evidence], ['mine', 'mine@2', 'name>'])
})

test('a shell is idle at its prompt and busy with a job', async (t) => {
  const host = await startHost(t)
  await host.claim(shell('exec bash --norc --noprofile -i'))
  assert.equal((await told(host, 'idle')).name, 'shell')
  await host.call('POST', '/input', { text: 'sleep 600\r' })
  await told(host, 'busy')
  await eventually('its name', async () => (await host.status()).agent?.evidence === 'sleep runs in front')
  await host.call('POST', '/input', { keys: ['C-c'] })
  await told(host, 'idle')
})
