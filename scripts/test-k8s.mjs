/** `npm run test:k8s [FILE…]`: the tests that need a Kubernetes cluster, with the one of HOLDFAST_KUBECONFIG or one made for them. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { baseImages, dockerEngine, dockerPlugins, ourImages } from './docker.mjs'
import { native, node24, packages, root, withNode24 } from './setup.mjs'

/** Scripts beside the repository that make a cluster of this machine whose workers have its Docker images. */
const INFRA = join(root, '../shared/infra')

/** The cluster's kubeconfig, and how it is taken down; null when one is given. */
const cluster = () => {
  const given = process.env.HOLDFAST_KUBECONFIG ?? ''
  if (given !== '') return { kubeconfig: given, down: null }
  const up = join(INFRA, 'kube-up.sh')
  if (!existsSync(up)) throw new Error('HOLDFAST_KUBECONFIG names no cluster, and nothing here can make one')
  const { status, stdout } = spawnSync(up, {
    encoding: 'utf8',
    env: { ...process.env, KUBE_DNS: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error('the cluster did not come up')
  return { kubeconfig: stdout.trim().split('\n').at(-1), down: join(INFRA, 'kube-down.sh') }
}

await packages()
await native()
await dockerEngine()
await dockerPlugins()
await baseImages({ mayPull: false })
await ourImages()
const { kubeconfig, down } = cluster()
const named = process.argv.slice(2)
const files = named.length > 0 ? named : ['packages/*/test/kubernetes*.test.ts']
const env = { ...withNode24, HOLDFAST_KUBECONFIG: kubeconfig, HOLDFAST_DOCKER: '1' }
const { status } = spawnSync(node24, ['--test', '--test-concurrency=1', '--test-timeout=600000', ...files], {
  cwd: root,
  env,
  stdio: 'inherit',
})
if (down !== null) spawnSync(down, { stdio: 'inherit' })
process.exit(status ?? 1)
