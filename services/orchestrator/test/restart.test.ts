/** Restart policies on real parts: what is lost starts anew below its old screen, after a pause, and elsewhere when its node is lost. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Death, HoldfastError } from '@holdfast/protocol'
import { processRuntime, type Runtime } from '@holdfast/runtime'
import { eventually, redisForTests } from '@holdfast/session-store/redis-server'
import { HOST_COMMAND, newWorld, type Orchestrator, startOrchestrator, tokenOf } from './fixture.ts'

const { skip, server } = await redisForTests(process.env)

const recordOf = async ({ engine }: Orchestrator, id: string) => {
  const record = await engine.domain.store.get('acme', id)
  assert.ok(record !== null)
  return record
}
/** Its first placement has another fence. */
const placedAgain = (orchestrator: Orchestrator, id: string, fence: number, seconds = 60) =>
  eventually(
    `${id} runs at fence ${fence}`,
    async () => {
      const record = await recordOf(orchestrator, id)
      return record.phase === 'running' && record.fence >= fence && record
    },
    seconds,
  )
const screenHas = ({ call }: Orchestrator, id: string, text: string) =>
  eventually(`"${text}" on the screen`, async () =>
    (await call('GET', `/v1/sessions/${id}/screen`)).text.includes(text),
  )

test('a session whose host dies starts anew, with its environment and after a pause; each loss is a death', {
  skip,
}, async (t) => {
  const world = await newWorld(t, server())
  const orchestrator = await startOrchestrator(t, world)
  const { call, create, engine } = orchestrator
  const command = { command: 'sh', args: ['-c', 'echo "made of $SECRET"; exec sleep 600'] }
  const { id } = await create({ ...command, env: { SECRET: 'hush' }, restart: 'on-loss' })
  const before = await recordOf(orchestrator, id)
  const killedAt = Date.now()
  await world.runtime.stop(before.hostId ?? '', 0)
  const after = await placedAgain(orchestrator, id, before.fence + 1)
  assert.equal(after.restarted?.count, 1)
  assert.ok(Date.parse(after.restarted?.notBefore ?? '') - killedAt >= 1_000)
  assert.ok(Date.parse(after.startedAt ?? '') >= Date.parse(after.restarted?.notBefore ?? ''))
  assert.equal(after.workspace, before.workspace)
  await screenHas(orchestrator, id, 'made of hush')
  const deaths = (await call('GET', `/v1/sessions/${id}/deaths`)).body.deaths as Death[]
  assert.deepEqual(
    deaths.map(({ cause, incarnation }) => [cause, incarnation]),
    [['host-died', before.incarnation]],
  )
  assert.equal((await call('DELETE', `/v1/sessions/${id}`)).status, 204)
  assert.equal(await engine.domain.store.get('acme', id), null)
})

test('`always` starts a command that ended by itself, ever later, and can be stopped while it waits', {
  skip,
}, async (t) => {
  const world = await newWorld(t, server())
  const orchestrator = await startOrchestrator(t, world)
  const { call, create } = orchestrator
  const { id } = await create({ command: 'sh', args: ['-c', 'echo once; exit 3'], restart: 'always' })
  const waiting = await eventually('the third start is waited for', async () => {
    const record = await recordOf(orchestrator, id)
    return record.phase === 'suspended' && (record.restarted?.count ?? 0) >= 3 && record.waiting !== null && record
  })
  assert.match(waiting.waiting?.for ?? '', /^its start no\. 3 anew, not before /)
  const pauseMs = Date.parse(waiting.restarted?.notBefore ?? '') - Date.parse(waiting.phaseSince)
  assert.ok(pauseMs > 2_000 && pauseMs <= 4_100, `${pauseMs}`)
  const { text } = await call('GET', `/v1/sessions/${id}/screen`)
  assert.match(text, /once\n── resumed .*, the command was started anew ──\nonce\n/)
  assert.equal((await call('DELETE', `/v1/sessions/${id}`)).status, 204)
  await eventually('nothing is left', async () => (await world.runtime.list()).length === 0, 60)
})

test('a command of `on-loss` that ends by itself has ended', { skip }, async (t) => {
  const { create, phase } = await startOrchestrator(t, await newWorld(t, server()))
  const { id } = await create({ command: 'sh', args: ['-c', 'exit 3'], restart: 'on-loss' })
  assert.equal((await phase(id, 'exited')).exitCode, 3)
})

/** A node that can be cut off: its engine and its hosts are as they were, but nobody hears of them. */
const cuttable = (runtime: Runtime, hostsDir: string) => {
  let cut = false
  const signal = async (name: NodeJS.Signals) => {
    for (const { hostId, state } of await runtime.list()) {
      if (state === 'running')
        process.kill(Number.parseInt(readFileSync(join(hostsDir, hostId, 'pid'), 'utf8'), 10), name)
    }
  }
  const node = new Proxy(runtime, {
    get: (target, name, receiver) => {
      const value: unknown = Reflect.get(target, name, receiver)
      if (typeof value !== 'function' || !cut) return value
      return () => Promise.reject(new HoldfastError('RUNTIME_UNAVAILABLE', 'the node is cut off'))
    },
  })
  return {
    node,
    cutOff: async () => {
      cut = true
      await signal('SIGSTOP')
    },
    comeBack: async () => {
      await signal('SIGCONT')
      cut = false
    },
  }
}

test('a node that is lost: its sessions wait, or by policy start elsewhere; when it is back the older incarnation goes', {
  skip,
}, async (t) => {
  const world = await newWorld(t, server())
  const otherDir = await mkdtemp(join(tmpdir(), 'hf-o-'))
  const other = processRuntime({ cluster: world.cluster, node: 'other', hostsDir: otherDir, command: HOST_COMMAND })
  t.after(async () => {
    for (const { hostId } of await other.list()) await other.remove(hostId)
    await rm(otherDir, { recursive: true, force: true })
  })
  const { node, cutOff, comeBack } = cuttable(world.runtime, world.hostsDir)
  const orchestrator = await startOrchestrator(t, world, {
    nodes: [{ id: 'local' }, { id: 'other' }],
    runtimeOf: ({ id }) => (id === 'local' ? node : other),
    nodeLostMs: 1_000,
    nodeReplaceMs: 3_000,
  })
  const { create, call } = orchestrator
  const operator = { authorization: tokenOf({ role: 'operator' }) }
  await call('POST', '/v1/nodes/other/cordon', undefined, operator)
  const [moves, stays] = [await create({ restart: 'on-loss' }), await create({})]
  await call('POST', '/v1/nodes/other/uncordon', undefined, operator)
  assert.deepEqual([moves.node, stays.node], ['local', 'local'])
  await cutOff()
  t.after(comeBack)
  // Streams to its hosts are silent, not broken: that alone would be noticed after 40 s.
  const moved = await placedAgain(orchestrator, moves.id, 2, 35)
  assert.equal(moved.node, 'other')
  const cutOffToo = await eventually('the other one, too, is said to be on a lost node', async () => {
    const { session } = await call('GET', `/v1/sessions/${stays.id}`)
    return session.conditions.some(({ type, status }) => type === 'NodeLost' && status === 'True') && session
  })
  assert.equal(cutOffToo.phase, 'running', 'unreachable is not dead')
  await comeBack()
  const isBack = async () =>
    !(await call('GET', `/v1/sessions/${stays.id}`)).session.conditions.some(({ type }) => type === 'NodeLost')
  await eventually('the node is back', isBack, 60)
  await eventually('only one host is left there', async () => (await world.runtime.list()).length === 1, 60)
  assert.equal((await call('GET', `/v1/sessions/${stays.id}`)).session.phase, 'running')
  assert.equal((await recordOf(orchestrator, moves.id)).fence, 2)
  assert.equal((await other.list()).length, 1)
})
