/** The rights that the runtime needs, as docs/kubernetes.md names them, and what becomes of a stop without that to run commands. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { LABEL, RuntimeRefused } from '../src/index.ts'
import { stubSpec } from './conformance.ts'
import { kubernetesFixture, whyNoKubernetes } from './kubernetes-fixture.ts'
import { newHostId, tell } from './stub-client.ts'

const kubeconfig = process.env.HOLDFAST_KUBECONFIG ?? ''
const skip = await whyNoKubernetes(kubeconfig)
const { make, image, namespace, podOf, here } = await kubernetesFixture(kubeconfig, skip)
const dir = mkdtempSync(join(tmpdir(), 'hf-test-'))
after(() => rmSync(dir, { recursive: true }))
const check = (title: string, body: () => Promise<void>): void => {
  test(title, { skip, timeout: 240_000 }, body)
}

/** `resource: verbs` lines of the page. */
const documented = (): [string, string[]][] => {
  const page = readFileSync(new URL('../../../docs/kubernetes.md', import.meta.url), 'utf8')
  const rows = page.matchAll(/^\| `([a-z/]+)` \| ([a-z, ]+) \|$/gm)
  return Array.from(rows, ([, resource = '', verbs = '']) => [resource, verbs.split(', ')])
}

/** A kubeconfig of a service account with these rights in the tests' namespace. */
const accountWith = async (name: string, rights: [string, string[]][]): Promise<string> => {
  await here('create', 'serviceaccount', name)
  const rules = rights.map(([resource, verbs]) => ({
    apiGroups: [resource === 'networkpolicies' ? 'networking.k8s.io' : ''],
    resources: [resource],
    verbs,
  }))
  const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name }, rules }
  const file = join(dir, `${name}.json`)
  writeFileSync(file, JSON.stringify(role))
  await here('apply', '-f', file)
  await here('create', 'rolebinding', name, `--role=${name}`, `--serviceaccount=${namespace}:${name}`)
  const token = await here('create', 'token', name)
  const config = JSON.parse(await here('config', 'view', '--raw', '--minify', '-o', 'json'))
  config.users = [{ name: config.users[0].name, user: { token } }]
  writeFileSync(file, JSON.stringify(config))
  return file
}

check('the documented rights are enough', async () => {
  const rights = documented()
  assert.deepEqual(
    rights.map(([resource]) => resource),
    ['pods', 'pods/log', 'pods/exec', 'events', 'networkpolicies', 'persistentvolumeclaims'],
  )
  const runtime = make({}, { kubeconfig: await accountWith('all', rights) })
  await runtime.ping()
  await runtime.prepare?.()
  await runtime.prepare?.()
  const info = await runtime.create(stubSpec(newHostId(), image, { labels: { [LABEL.pool]: 'p' } }))
  await tell(info, 'pid')
  await runtime.assign(info.hostId, { [LABEL.session]: 's' })
  await runtime.stop(info.hostId, 5_000)
  const [end] = await runtime.list()
  assert.deepEqual([end?.exitCode, end?.reason], [7, undefined])
  assert.match(await runtime.tail(info.hostId, 100), /bye\n$/)
  await runtime.remove(info.hostId)
  const claimed = make({}, { kubeconfig: await accountWith('claims', rights), storageClassName: 'none' })
  assert.deepEqual(await claimed.unusedWorkspaces?.(), [])
  await claimed.removeWorkspace?.(info.hostId)
  const asking = here('auth', 'can-i', 'get', 'secrets', `--as=system:serviceaccount:${namespace}:all`)
  await assert.rejects(asking, { stdout: 'no\n' })
})

check('without the right to run commands its worker ends the host', async () => {
  const rights = documented().filter(([resource]) => resource !== 'pods/exec')
  const runtime = make({}, { kubeconfig: await accountWith('quiet', rights) })
  const info = await runtime.create(stubSpec(newHostId(), image))
  await tell(info, 'pid')
  await runtime.stop(info.hostId, 1_000)
  assert.equal(await here('get', 'pod', podOf(info), '-o', 'jsonpath={.status.reason}'), 'DeadlineExceeded')
  await runtime.remove(info.hostId)
  assert.equal(await runtime.inspect(info.hostId), null)
})

check('a namespace that may not be read does not answer, and a right that is missing is a refusal', async () => {
  const runtime = make({}, { kubeconfig: await accountWith('nobody', []) })
  await assert.rejects(runtime.ping(), { code: 'RUNTIME_UNAVAILABLE', message: /cannot list resource "pods"/ })
  await assert.rejects(runtime.create(stubSpec(newHostId(), image)), RuntimeRefused)
  await assert.rejects(runtime.list(), RuntimeRefused)
})
