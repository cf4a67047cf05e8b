/** Holdfast in a real cluster, installed as the documentation says: sessions through the gateway's Service, upgrades, rights. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Installation, install, SERVICES } from './support/installation.ts'
import { kubectl, whyNoCluster } from './support/kubernetes.ts'
import { command, until } from './support/stack.ts'
import { counting, type Stream } from './support/streams.ts'
import { view } from './support/viewer.ts'

/** Streaming at the same time while the services are replaced; more by hand, as many as the cluster has room for. */
const STREAMS = Number(process.env.HOLDFAST_STREAMS ?? 20)
/** Seconds between two lines of each: fifty lines a second in all are as many as two cores take beside 200 pods. */
const EVERY_S = Math.max(0.5, STREAMS / 50)
/** Pods that start, and that end, side by side. */
const AT_ONCE = { starts: 4, ends: 20 }

const services = (...args: string[]) => kubectl('-n', 'holdfast', ...args)
const sessions = (...args: string[]) => kubectl('-n', 'holdfast-sessions', ...args)
const podOf = (id: string): string => `hf-k8s-${id}-1`
/** The commands of the block that follows these words on the page of an operator. */
const documented = (words: string): string[] => {
  const page = readFileSync(new URL('../../../docs/kubernetes-install.md', import.meta.url), 'utf8')
  const block = page.slice(page.indexOf(words)).split('```')[1] ?? ''
  return block.trim().split('\n')
}
const inShell = (dir: string, lines: string[]): Promise<string> =>
  command('bash', '-ec', [`export KUBECONFIG="$HOLDFAST_KUBECONFIG"; cd ${dir}`, ...lines].join('\n'))
const ACCOUNT = '--as=system:serviceaccount:holdfast:'

describe('installed in a cluster', { skip: whyNoCluster }, () => {
  let installed: Installation
  before(async () => {
    installed = await install()
  })
  after(() => installed?.remove())

  const create = () => installed.client.createSession({ template: 'small' })
  const podsOf = async (name: string) =>
    (await services('get', 'pods', '-l', `app.kubernetes.io/name=${name}`, '-o', 'name')).split('\n').filter(Boolean)

  test('one apply is all: console, session, typing; a second one leaves secrets and pods alone', async () => {
    const page = await fetch(installed.url)
    assert.match(await page.text(), /<title>Holdfast/)
    const { id, runtime, phase } = await create()
    assert.deepEqual([runtime, phase], ['kubernetes', 'running'])
    const viewer = view(installed.client, id)
    viewer.attachment.write('echo in-$((40 + 2))-pod\n')
    await viewer.waitFor(/in-42-pod/)
    viewer.attachment.detach()
    const lasting = ['secrets,pods', '-l', 'app.kubernetes.io/name!=secrets'] // the Job has its time
    const uids = () => services('get', ...lasting, '-o', 'jsonpath={.items[*].metadata.uid}')
    const before = await uids()
    await installed.apply()
    assert.equal(await uids(), before)
    await installed.client.deleteSession(id)
    await until('its pod is gone', async () => (await sessions('get', 'pods', '-o', 'name')) === '')
  })

  test(`${STREAMS} streams lose no byte, in or out, while gateway and orchestrator are replaced`, async () => {
    const streams: Stream[] = []
    try {
      while (streams.length < STREAMS) {
        const some = Math.min(AT_ONCE.starts, STREAMS - streams.length)
        streams.push(
          ...(await Promise.all(Array.from({ length: some }, () => counting(installed.client, 'small', EVERY_S)))),
        )
      }
      const old = (await Promise.all(SERVICES.map(podsOf))).flat()
      await services('rollout', 'restart', ...SERVICES.map((name) => `deployment/${name}`))
      await installed.rolledOut()
      const gone = async () => !(await Promise.all(SERVICES.map(podsOf))).flat().some((pod) => old.includes(pod))
      await until('the old pods are gone', gone, 120_000)
      for (let from = 0; from < STREAMS; from += AT_ONCE.ends) {
        await Promise.all(streams.slice(from, from + AT_ONCE.ends).map((stream) => stream.check()))
      }
    } finally {
      for (const stream of streams) stream.stop()
    }
  })

  test('the pod of a session that others delete is a death that says so', async () => {
    const { id } = await create()
    await sessions('delete', 'pod', podOf(id))
    const { cause, detail } = await until('its death', async () => (await installed.client.deaths(id))[0])
    assert.equal(cause, 'host-died')
    assert.match(detail, /^Deleted: /)
    await installed.client.deleteSession(id)
  })

  test('a session is not evicted', async () => {
    const { id } = await create()
    const pod = podOf(id)
    const node = await sessions('get', 'pod', pod, '-o', 'jsonpath={.spec.nodeName}')
    const itself = `--pod-selector=dev.holdfast.host=${id}-1`
    const drain = kubectl(
      'drain',
      node,
      itself,
      '--force',
      '--delete-emptydir-data',
      '--dry-run=server',
      '--timeout=10s',
    )
    await assert.rejects(drain, /would violate the pod's disruption budget/)
    await installed.client.deleteSession(id)
  })

  test('Redis is backed up and restored by the documented commands', async () => {
    const { client } = installed
    const dir = mkdtempSync(join(tmpdir(), 'hf-copy-'))
    const living = await create()
    const ended = await client.createSession({ template: 'small', command: 'true' })
    const deaths = async () => (await client.deaths(ended.id).catch(() => [])).length
    await until('its death', async () => (await deaths()) === 1)
    const [backup = [], restore = []] = ['**Back up**', '**Restore**'].map(documented)
    await inShell(
      dir,
      backup.filter((line) => line.includes('--rdb')),
    )
    const redis = (...args: string[]) => services('exec', 'redis-0', '--', 'redis-cli', ...args)
    await redis('flushall')
    await until('all is forgotten', async () => (await deaths()) === 0)
    const look = restore.findIndex((line) => line.includes('info replication'))
    await inShell(dir, restore.slice(0, look))
    await until('the copy is taken', async () => (await redis('info', 'replication')).includes('master_link_status:up'))
    await inShell(dir, restore.slice(look + 1))
    await until('what ended is known again', async () => (await deaths()) === 1)
    const viewer = view(client, living.id)
    viewer.attachment.write('echo still-$((6 * 7))\n')
    await viewer.waitFor(/still-42/)
    viewer.attachment.detach()
    rmSync(dir, { recursive: true })
    await client.deleteSession(living.id)
  })

  test('each account may do what is documented and nothing else', async () => {
    const mayDo = async (namespace: string, account: string): Promise<string[]> => {
      const list = await kubectl('-n', namespace, 'auth', 'can-i', '--list', '--no-headers', ACCOUNT + account)
      return list
        .split('\n')
        .filter((line) => /^\w/.test(line) && !/self|podsecuritypolicies/.test(line))
        .map((line) => line.replaceAll(/\s+/g, ' ').trim())
        .sort()
    }
    const page = readFileSync(new URL('../../../docs/kubernetes.md', import.meta.url), 'utf8')
    const rights = Array.from(
      page.matchAll(/^\| `([a-z/]+)` \| ([a-z, ]+) \|$/gm),
      ([, resource = '', verbs = '']) =>
        `${resource}${resource === 'networkpolicies' ? '.networking.k8s.io' : ''} [] [] [${verbs.replaceAll(',', '')}]`,
    )
    // Of the whole cluster.
    const workers = 'nodes [] [] [list]'
    assert.deepEqual(await mayDo('holdfast-sessions', 'orchestrator'), [...rights, workers].sort())
    for (const elsewhere of ['holdfast', 'kube-system']) {
      assert.deepEqual(await mayDo(elsewhere, 'orchestrator'), [workers], `orchestrator in ${elsewhere}`)
    }
    assert.deepEqual(await mayDo('holdfast', 'secrets'), ['secrets [] [] [create]'])
    for (const [namespace, account] of [
      ['holdfast-sessions', 'secrets'],
      ['holdfast', 'gateway'],
      ['holdfast-sessions', 'gateway'],
      ['holdfast', 'redis'],
    ] as const) {
      assert.deepEqual(await mayDo(namespace, account), [], `${account} in ${namespace}`)
    }
  })
})
