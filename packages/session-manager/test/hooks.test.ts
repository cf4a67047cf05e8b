/** Hooks on a change of what an agent does: a command and a URL, both real. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { AgentState, ServerEvent, Session } from '@holdfast/protocol'
import { type AgentChange, agentChanges, runHook } from '../src/index.ts'

const told = (id: string, state: AgentState | null): ServerEvent => {
  const agent =
    state === null ? {} : { agent: { name: 'claude-code', detector: 'claude-code@2', state, evidence: 'e' } }
  return { type: 'session', phase: 'running', rev: 1, session: { id, name: `name of ${id}`, ...agent } as Session }
}
const events = (...list: ServerEvent[]) => ({
  async *events() {
    yield* list
  },
})

test('a change is told once: new states only, each session for itself, anew after it was gone', async () => {
  const stream = events(
    ...[told('a', null), told('a', 'busy'), told('b', 'busy'), told('a', 'busy'), told('a', 'waiting')],
    ...[{ type: 'removed', id: 'a' } as const, told('a', 'waiting'), { type: 'reset' } as const],
  )
  const seen: unknown[] = []
  for await (const { session, agent, before } of agentChanges(stream, new AbortController().signal))
    seen.push([session.id, before, agent.state])
  assert.deepEqual(seen, [
    ['a', null, 'busy'],
    ['b', null, 'busy'],
    ['a', 'busy', 'waiting'],
    ['a', null, 'waiting'],
  ])
})

const change = async (): Promise<AgentChange> => {
  for await (const found of agentChanges(events(told('a', 'waiting')), new AbortController().signal)) return found
  throw new Error('there is one')
}

test('a command gets the change in its environment and on its standard input; its failure is told', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-hook-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const words = '$HOLDFAST_SESSION|$HOLDFAST_NAME|$HOLDFAST_AGENT|$HOLDFAST_STATE|$HOLDFAST_BEFORE'
  await runHook({ command: ['sh', '-c', `echo "${words}" > ${dir}/env; cat > ${dir}/stdin`] }, await change())
  assert.equal(readFileSync(join(dir, 'env'), 'utf8'), 'a|name of a|claude-code|waiting|\n')
  assert.deepEqual(JSON.parse(readFileSync(join(dir, 'stdin'), 'utf8')), await change())
  await runHook({ command: ['true'] }, await change())
  await assert.rejects(runHook({ command: ['sh', '-c', 'exit 3'] }, await change()), /sh ended with 3/)
  await assert.rejects(runHook({ command: ['/no/such/program'] }, await change()), /ENOENT/)
})

test('a URL gets the change by POST; an answer that is no success is told', async (t) => {
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    bodies.push(`${request.method} ${request.headers['content-type']} ${body}`)
    response.writeHead(request.url === '/good' ? 204 : 500).end()
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await runHook({ url: `${url}/good` }, await change())
  assert.deepEqual(bodies, [`POST application/json ${JSON.stringify(await change())}`])
  await assert.rejects(runHook({ url: `${url}/bad` }, await change()), /answered 500/)
})
