/** Sessions in pods of a real cluster, through gateway and orchestrator: typed into, reached again after a restart, and their ends told. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { whyNoCluster } from './support/kubernetes.ts'
import { Pods } from './support/pods.ts'
import { until } from './support/stack.ts'
import { view } from './support/viewer.ts'

describe('sessions in pods', { skip: whyNoCluster }, () => {
  const stand = new Pods({
    templates: '- {name: imageless, image: hf-no-such-image.invalid/none, command: [bash]}\n',
  })
  before(() => stand.start())
  after(() => stand.stop())

  const create = async () => {
    const session = await stand.create()
    assert.deepEqual([session.phase, session.node, session.runtime], ['running', 'pods', 'kubernetes'])
    return session
  }

  test('a session is typed into, outlives orchestrator and gateway, and goes with its pod', async () => {
    const { id } = await create()
    const viewer = view(stand.client, id)
    viewer.attachment.write('kept=$$; echo in-$((40 + 2))-pod\n')
    await viewer.waitFor(/in-42-pod/)
    await stand.pair.orchestrator.kill()
    await stand.pair.gateway.kill()
    await stand.pair.orchestrator.start()
    await stand.pair.gateway.start()
    viewer.attachment.write('echo after-$((kept == $$))\n')
    await viewer.waitFor(/after-1/)
    assert.equal(viewer.snapshots(), 0)
    viewer.attachment.detach()
    await stand.client.deleteSession(id)
    await until('its pod is gone', async () => (await stand.here('get', 'pods', '-o', 'name')) === '')
  })

  test('a session that ends has its exit code, and its pod is there for those who were away', async () => {
    const { id } = await stand.client.createSession({
      template: 'counted',
      command: 'bash',
      args: ['-c', 'echo bye; exit 3'],
    })
    const death = await stand.deathOf(id)
    assert.deepEqual([death.cause, death.exitCode], ['exited', 3])
    assert.match(await stand.client.screen(id, 'text'), /bye/)
    await stand.client.deleteSession(id)
  })

  test('a pod that others delete is a death that says so, watched or not, and no doing of the command', async () => {
    for (const isWatched of [true, false]) {
      const { id } = await create()
      const viewer = isWatched ? view(stand.client, id) : null
      await viewer?.waitFor(/\$ /)
      await stand.here('delete', 'pod', stand.podOf(id))
      const { cause, detail, by } = await stand.deathOf(id)
      assert.deepEqual([cause, by.kind], ['host-died', 'runtime'], detail)
      assert.match(detail, /^Deleted: /)
      viewer?.attachment.detach()
      await stand.client.deleteSession(id)
    }
  })

  test('a pod that is gone without a word is lost, by inspection and by list', async () => {
    const { id } = await create()
    await stand.here('delete', 'pod', stand.podOf(id), '--grace-period=0', '--force')
    const { cause, evidence } = await stand.deathOf(id)
    assert.equal(cause, 'lost')
    assert.match(evidence.join('\n'), /there is none[\s\S]*it is not among them/)
    await stand.client.deleteSession(id)
  })

  test('a session whose image is not there fails with that', async () => {
    const { id, phase, reason } = await stand.client.createSession({ template: 'imageless' })
    assert.equal(phase, 'failed')
    assert.match(reason ?? '', /hf-no-such-image.invalid/)
    assert.equal((await stand.deathOf(id)).cause, 'image-missing')
    await stand.client.deleteSession(id)
  })
})
