/** Sessions in pods of a real cluster, through gateway and orchestrator: typed into, reached again after a restart, and their ends told. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { HoldfastClient } from '@holdfast/client'
import { type Death, randomId } from '@holdfast/protocol'
import { freePort } from '@holdfast/session-store/redis-server'
import { newPair, type Pair, pathsIn, writeFiles } from '../src/chaos/stand/installation.ts'
import { RedisServer } from '../src/chaos/stand/redis-server.ts'
import { command, dockerIsMissing, until } from './support/stack.ts'
import { view } from './support/viewer.ts'

const kubeconfig = process.env.HOLDFAST_KUBECONFIG ?? ''
const kubectl = (...args: string[]) => command('kubectl', '--kubeconfig', kubeconfig, ...args)
const answers = async (): Promise<boolean> =>
  kubectl('get', '--raw', '/readyz', '--request-timeout=5s').then(
    () => true,
    () => false,
  )
const skip =
  kubeconfig === '' || !(await answers())
    ? 'HOLDFAST_KUBECONFIG names no cluster that answers (npm run test:k8s)'
    : dockerIsMissing

describe('sessions in pods', { skip }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'hft-'))
  const cluster = `t${randomId(8)}`
  const namespace = `hf-test-${cluster}`
  const here = (...args: string[]) => kubectl('-n', namespace, ...args)
  const paths = pathsIn(dir)
  let redis: RedisServer
  let pair: Pair
  let client: HoldfastClient

  const startOrchestrator = () => pair.orchestrator.start({ HOLDFAST_NODES_FILE: paths.nodes })

  before(async () => {
    const key = writeFiles(paths, '- {name: imageless, image: hf-no-such-image.invalid/none, command: [bash]}\n')
    await kubectl('create', 'namespace', namespace)
    const engine = { kubernetes: { kubeconfig, namespace, imagePullPolicy: 'Never' } }
    writeFileSync(paths.nodes, JSON.stringify([{ id: 'pods', engine }]))
    redis = new RedisServer('redis', paths.logs, await freePort())
    await redis.service.start()
    pair = await newPair(paths, cluster, redis.port, 0)
    await startOrchestrator()
    await pair.gateway.start()
    client = new HoldfastClient({ url: pair.url, key })
  })
  after(async () => {
    await pair?.gateway.kill()
    await pair?.orchestrator.kill()
    await redis?.stop()
    await kubectl('delete', 'namespace', namespace, '--timeout=60s')
    rmSync(dir, { recursive: true, force: true })
  })

  const create = async () => {
    const session = await client.createSession({ template: 'counted' })
    assert.deepEqual([session.phase, session.node, session.runtime], ['running', 'pods', 'kubernetes'])
    return session
  }
  const podOf = (id: string) => `hf-${cluster}-${id}-1`
  const deathOf = (id: string): Promise<Death> => until(`the death of ${id}`, async () => (await client.deaths(id))[0])

  test('a session is typed into, outlives orchestrator and gateway, and goes with its pod', async () => {
    const { id } = await create()
    const viewer = view(client, id)
    viewer.attachment.write('kept=$$; echo in-$((40 + 2))-pod\n')
    await viewer.waitFor(/in-42-pod/)
    await pair.orchestrator.kill()
    await pair.gateway.kill()
    await startOrchestrator()
    await pair.gateway.start()
    viewer.attachment.write('echo after-$((kept == $$))\n')
    await viewer.waitFor(/after-1/)
    assert.equal(viewer.snapshots(), 0)
    viewer.attachment.detach()
    await client.deleteSession(id)
    assert.equal(await here('get', 'pods', '-o', 'name'), '')
  })

  test('a session that ends has its exit code, and its pod is there for those who were away', async () => {
    const { id } = await client.createSession({
      template: 'counted',
      command: 'bash',
      args: ['-c', 'echo bye; exit 3'],
    })
    const death = await deathOf(id)
    assert.deepEqual([death.cause, death.exitCode], ['exited', 3])
    assert.match(await client.screen(id, 'text'), /bye/)
    await client.deleteSession(id)
  })

  test('a pod that others delete is a death that says so, watched or not, and no doing of the command', async () => {
    for (const isWatched of [true, false]) {
      const { id } = await create()
      const viewer = isWatched ? view(client, id) : null
      await viewer?.waitFor(/\$ /)
      await here('delete', 'pod', podOf(id))
      const { cause, detail, by } = await deathOf(id)
      assert.deepEqual([cause, by.kind], ['host-died', 'runtime'], detail)
      assert.match(detail, /^Deleted: /)
      viewer?.attachment.detach()
      await client.deleteSession(id)
    }
  })

  test('a pod that is gone without a word is lost, by inspection and by list', async () => {
    const { id } = await create()
    await here('delete', 'pod', podOf(id), '--grace-period=0', '--force')
    const { cause, evidence } = await deathOf(id)
    assert.equal(cause, 'lost')
    assert.match(evidence.join('\n'), /there is none[\s\S]*it is not among them/)
    await client.deleteSession(id)
  })

  test('a session whose image is not there fails with that', async () => {
    const { id, phase, reason } = await client.createSession({ template: 'imageless' })
    assert.equal(phase, 'failed')
    assert.match(reason ?? '', /hf-no-such-image.invalid/)
    assert.equal((await deathOf(id)).cause, 'image-missing')
    await client.deleteSession(id)
  })
})
