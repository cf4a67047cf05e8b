/** Files in volume claims of a real cluster: they outlive the pod, go to the next one, and are told of when nobody has them. */
import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { HostInfo } from '../src/index.ts'
import { checkUnusedFiles, stubSpec, UNUSED_FILES } from './conformance.ts'
import { kubernetesFixture, whyNoKubernetes } from './kubernetes-fixture.ts'
import { newHostId, tell, until } from './stub-client.ts'

const kubeconfig = process.env.HOLDFAST_KUBECONFIG ?? ''
const skip = (await whyNoKubernetes(kubeconfig)) || (process.getuid?.() !== 0 && 'only root makes volumes here')
const { make, image, cluster, here } = await kubernetesFixture(kubeconfig, skip)
/** No object of that name is needed to bind claims to volumes that have it. */
const storageClassName = `hf-${cluster}`
const runtime = make({}, { storageClassName, workspaceMb: 10 })
const VOLUMES = 5
const dir = mkdtempSync(join(tmpdir(), 'hf-test-'))
const volumeNames = Array.from({ length: VOLUMES }, (_, at) => `hf-${cluster}-${at}`)

before(async () => {
  if (skip !== false) return
  chmodSync(dir, 0o755)
  const volumes = volumeNames.map((name) => {
    const path = join(dir, name)
    mkdirSync(path)
    chownSync(path, 1000, 1000)
    const spec = {
      capacity: { storage: '10Mi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName,
      hostPath: { path },
      persistentVolumeReclaimPolicy: 'Retain',
    }
    return { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name }, spec }
  })
  writeFileSync(join(dir, 'volumes.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: volumes }))
  await here('apply', '-f', join(dir, 'volumes.json'))
})
after(async () => {
  if (skip === false) await here('delete', 'persistentvolume', ...volumeNames, '--wait=false')
  rmSync(dir, { recursive: true })
})
const check = (title: string, body: () => Promise<void>): void => {
  test(title, { skip, timeout: 240_000 }, body)
}
const create = (workspace?: string): Promise<HostInfo> =>
  runtime.create(stubSpec(newHostId(), image, workspace === undefined ? {} : { workspace }))
const end = async (info: HostInfo): Promise<void> => {
  await tell(info, 'exit 0')
  await until('it ends', async () => (await runtime.inspect(info.hostId))?.state === 'exited')
}
const claims = () => here('get', 'persistentvolumeclaims', '-o', 'name')

check('a later host finds the files of the one before it, which is removed without them', async () => {
  const first = await create()
  await tell(first, 'sh echo kept >/home/dev/file')
  await end(first)
  await runtime.remove(first.hostId, null)
  const second = await create(first.hostId)
  assert.equal(await tell(second, 'sh cat /home/dev/file'), 'kept')
  await runtime.remove(second.hostId, first.hostId)
  assert.equal(await claims(), '')
})

check(UNUSED_FILES, () =>
  checkUnusedFiles({ runtime, stranger: make({ cluster: 'stranger' }, { storageClassName }), create, end }),
)

check('a host that is removed takes its own files along, and so does one whose pod is gone already', async () => {
  const info = await create()
  await here('delete', 'pod', `hf-${cluster}-${info.hostId}`, '--grace-period=1')
  assert.notEqual(await claims(), '')
  await runtime.remove(info.hostId)
  assert.equal(await claims(), '')
})

check('an id is free again once its host and files are removed', async () => {
  const first = await create()
  await tell(first, 'sh echo old >/home/dev/file')
  await runtime.remove(first.hostId)
  const second = await runtime.create(stubSpec(first.hostId, image))
  assert.equal(await tell(second, 'sh ls -A /home/dev'), '')
  await runtime.remove(second.hostId)
})
