/** Holdfast installed in the cluster of the tests as its documentation says: `kubectl apply -k`, with small sessions. */
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { HoldfastClient } from '@holdfast/client'
import { SERVICE_IMAGE, SESSION_IMAGE } from '../../src/chaos/stand/installation.ts'
import { kubectl } from './kubernetes.ts'

const OVERLAYS = join(import.meta.dirname, '../../../../k8s/overlays')
const REDIS_UID = 999
const ROLLOUT = ['--timeout=180s']
export const SERVICES = ['gateway', 'orchestrator'] as const

const TEMPLATES = `
- name: small
  image: ${SESSION_IMAGE}
  command: [bash]
  network: false
  limits: { memoryMb: 96, cpus: 1, tmpMb: 16, replayBytes: 8388608, scrollbackLines: 100 }
`

/** For a cluster without a class that makes volumes; where there is one, it is not used. */
const volume = (path: string) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'holdfast-redis' },
  spec: {
    capacity: { storage: '2Gi' },
    accessModes: ['ReadWriteOnce'],
    claimRef: { name: 'data-redis-0', namespace: 'holdfast' },
    hostPath: { path, type: 'Directory' },
  },
})

const image = (name: string, by: string) => {
  const [newName, newTag = 'latest'] = by.split(':')
  return { name, newName, newTag }
}

/** The overlay that this cluster accepts, with images and settings of the tests. */
const kustomization = (dir: string, overlay: string) => ({
  apiVersion: 'kustomize.config.k8s.io/v1beta1',
  kind: 'Kustomization',
  resources: [relative(dir, join(OVERLAYS, overlay)), 'volume.json'],
  images: [image('holdfast/service', SERVICE_IMAGE), image('redis', 'holdfast/redis:7')],
  configMapGenerator: [
    { name: 'operator-files', namespace: 'holdfast', behavior: 'merge', files: ['templates.yaml'] },
    { name: 'settings', namespace: 'holdfast', behavior: 'merge', literals: ['HOLDFAST_CPU_OVERCOMMIT=200'] },
  ],
})

export interface Installation {
  /** Of the gateway's Service, at its port of the node. */
  readonly url: string
  readonly key: string
  readonly client: HoldfastClient
  /** `kubectl apply -k` again. */
  apply(): Promise<unknown>
  /** Resolves when the rollouts are through. */
  rolledOut(): Promise<void>
  /** `kubectl delete -k`. */
  remove(): Promise<void>
}

/** Throws when Holdfast is installed in this cluster already: it is somebody's. */
export const install = async (): Promise<Installation> => {
  if ((await kubectl('get', 'namespace', 'holdfast', '--ignore-not-found', '-o', 'name')) !== '') {
    throw new Error('the cluster has a namespace "holdfast": this test installs and removes one of its own')
  }
  const dir = mkdtempSync(join(tmpdir(), 'hf-k8s-'))
  chownSync(dir, REDIS_UID, REDIS_UID)
  const groups = await kubectl('api-versions')
  const overlay = groups.split('\n').includes('policy/v1') ? 'local' : 'kubernetes-1.20'
  writeFileSync(join(dir, 'templates.yaml'), TEMPLATES)
  writeFileSync(join(dir, 'volume.json'), JSON.stringify(volume(dir)))
  writeFileSync(join(dir, 'kustomization.yaml'), JSON.stringify(kustomization(dir, overlay)))
  const remove = async () => {
    await kubectl('delete', '-k', dir, '--ignore-not-found', '--timeout=180s')
    rmSync(dir, { recursive: true, force: true })
  }
  const rolledOut = async () => {
    for (const name of SERVICES) await kubectl('-n', 'holdfast', 'rollout', 'status', `deployment/${name}`, ...ROLLOUT)
  }
  try {
    const apply = () => kubectl('apply', '-k', dir)
    await apply()
    await rolledOut()
    const read = ['get', 'secret', 'holdfast', '-o', 'go-template={{index .data "api.key" | base64decode}}']
    const key = await kubectl('-n', 'holdfast', ...read)
    const ip = '{.items[0].status.addresses[?(@.type=="InternalIP")].address}'
    const url = `http://${await kubectl('get', 'nodes', '-o', `jsonpath=${ip}`)}:30080`
    return { url, key, client: new HoldfastClient({ url, key }), apply, rolledOut, remove }
  } catch (error) {
    await remove()
    throw error
  }
}
