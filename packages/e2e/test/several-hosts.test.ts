/** Two Docker hosts: sessions go where they are told, are reached through the other host's door, and outlive door and cable. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { HoldfastClient } from '@holdfast/client'
import { type NodeList, randomId } from '@holdfast/protocol'
import { freePort } from '@holdfast/session-store/redis-server'
import { DockerHost, whyNoDockerHost } from '../src/chaos/stand/docker-host.ts'
import { Engine } from '../src/chaos/stand/engine.ts'
import {
  newPair,
  type Pair,
  pathsIn,
  SERVICE_IMAGE,
  SESSION_IMAGE,
  writeFiles,
} from '../src/chaos/stand/installation.ts'
import { RedisServer } from '../src/chaos/stand/redis-server.ts'
import { DOCKER_SOCKET, until } from './support/stack.ts'
import { view } from './support/viewer.ts'

const DOOR_PORT = 7070
const skip = await whyNoDockerHost()

describe('two Docker hosts', { skip }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'hft-'))
  const cluster = `t${randomId(8)}`
  const paths = pathsIn(dir)
  const far = new DockerHost(7)
  let redis: RedisServer
  let pair: Pair
  let client: HoldfastClient
  let key: string

  before(async () => {
    key = writeFiles(paths, '')
    await far.start()
    await far.load(SESSION_IMAGE)
    await far.load(SERVICE_IMAGE)
    const nodes = [
      { id: 'near', labels: { place: 'here' } },
      { id: 'far', engine: { socket: far.socket }, door: `${far.address}:${DOOR_PORT}`, labels: { place: 'there' } },
    ]
    const nodesFile = join(dir, 'nodes.json')
    writeFileSync(nodesFile, JSON.stringify(nodes))
    redis = new RedisServer('redis', paths.logs, await freePort())
    await redis.service.start()
    pair = await newPair(paths, cluster, redis.port, 0)
    await pair.orchestrator.start({
      HOLDFAST_NODES_FILE: nodesFile,
      HOLDFAST_DOCKER_SOCKET: DOCKER_SOCKET,
      HOLDFAST_GUARD_IMAGE: SERVICE_IMAGE,
    })
    await pair.gateway.start()
    client = new HoldfastClient({ url: pair.url, key })
  })
  after(async () => {
    await pair?.gateway.kill()
    await pair?.orchestrator.kill()
    await redis?.stop()
    await far.destroy()
    await new Engine(DOCKER_SOCKET).clear(cluster)
    rmSync(dir, { recursive: true, force: true })
  })

  const nodes = async (): Promise<NodeList> => {
    const answer = await fetch(`${pair.url}/v1/nodes`, { headers: { authorization: `Bearer ${key}` } })
    return (await answer.json()) as NodeList
  }
  const isReachable = async () => (await nodes()).nodes.find(({ id }) => id === 'far')?.reachable === true
  const create = async (place: string) => {
    const session = await client.createSession({ template: 'counted', nodeSelector: { place } })
    assert.equal(session.phase, 'running', session.reason)
    return session
  }

  test('a session on the other host is typed into, read and removed like any other', async () => {
    await until('the far node answers, its door too', isReachable, 90_000)
    assert.equal((await create('here')).node, 'near')
    const session = await create('there')
    assert.equal(session.node, 'far')
    const viewer = view(client, session.id)
    viewer.attachment.write('echo over-$((40 + 2))-there\n')
    await viewer.waitFor(/over-42-there/)
    viewer.attachment.detach()
    await client.wait(session.id, { until: 'text', text: 'over-42-there' })
    const container = `hf-${cluster}-${session.id}-1`
    assert.equal(await far.docker('port', container), '', 'no port is published')
    assert.equal(await far.docker('inspect', '-f', '{{.HostConfig.NetworkMode}}', container), 'none')
    await client.deleteSession(session.id)
    const hosts = () => far.docker('exec', `hf-${cluster}-door`, 'ls', '/run/holdfast/hosts')
    await until('its directory is gone', async () => (await hosts()) === '')
  })

  test('a session outlives its node’s door: viewers go on at the byte they had', async () => {
    const { id } = await create('there')
    const viewer = view(client, id)
    viewer.attachment.write('kept=$$; echo first-$kept\n')
    await viewer.waitFor(/first-\d+/)
    await far.docker('restart', '-t', '1', `hf-${cluster}-door`)
    viewer.attachment.write('echo second-$kept\n')
    await viewer.waitFor(/second-\d+/, 90_000)
    viewer.attachment.detach()
    await client.deleteSession(id)
  })

  test('drained, a node gives its sessions to the other one with their files: idle ones now, suspended ones when they wake', async () => {
    await client.cordon('near')
    const make = (restart: 'never' | 'on-loss') => client.createSession({ template: 'counted', restart })
    const [moves, sleeps] = [await make('on-loss'), await make('never')]
    await client.uncordon('near')
    const at = async (id: string) => {
      const { node, phase } = await client.getSession(id)
      return `${phase} on ${node}`
    }
    const isNear = async (id: string) => (await at(id)) === 'running on near'
    assert.deepEqual(await Promise.all([at(moves.id), at(sleeps.id)]), ['running on far', 'running on far'])
    for (const { id } of [moves, sleeps]) {
      const viewer = view(client, id)
      viewer.attachment.write(`head -c 3000000 /dev/urandom > big; sha256sum big > sum; echo made-$((1 + 1))\n`)
      await viewer.waitFor(/made-2/)
      viewer.attachment.detach()
    }
    await client.suspendSession(sleeps.id)
    await client.drain('far', 0)
    await until('the idle one runs on the other node', () => isNear(moves.id), 90_000)
    assert.equal(await at(sleeps.id), 'suspended on far')
    for (const { id } of [moves, sleeps]) {
      const viewer = view(client, id)
      await viewer.waitFor(/made-2/, 90_000)
      viewer.attachment.write('sha256sum -c sum; stat -c home-of-%U ~\n')
      await viewer.waitFor(/big: OK\s+home-of-dev/)
      viewer.attachment.detach()
      assert.ok(await isNear(id))
    }
    const left = async () => {
      const ours = `label=dev.holdfast.session`
      return (
        (await far.docker('ps', '-aq', '--filter', ours)) + (await far.docker('volume', 'ls', '-q', '--filter', ours))
      )
    }
    await until('nothing of them is left there', async () => (await left()) === '', 90_000)
    await client.uncordon('far')
    for (const { id } of [moves, sleeps]) await client.deleteSession(id)
  })

  test('a node that is cut off loses nothing and hinders nobody; reconnected, its sessions are as they were', async () => {
    const { id } = await create('there')
    const viewer = view(client, id)
    viewer.attachment.write('kept=remembered; echo before-$((1 + 1))\n')
    await viewer.waitFor(/before-2/)
    await far.disconnect()
    try {
      await until('the cut is noticed', async () => !(await isReachable()), 90_000)
      assert.equal((await create('here')).node, 'near')
      assert.equal((await client.getSession(id)).phase, 'running')
    } finally {
      await far.connect()
    }
    await until('it is back', isReachable, 90_000)
    viewer.attachment.write('echo after-$kept\n')
    await viewer.waitFor(/after-remembered/, 90_000)
    viewer.attachment.detach()
    await client.deleteSession(id)
  })
})
