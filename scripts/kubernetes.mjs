/** The Kubernetes cluster of the tests: the one of HOLDFAST_KUBECONFIG, or one made for them and taken down after. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

/** Scripts beside the repository that make a cluster of this machine whose workers have its Docker images. */
const INFRA = join(root, '../shared/infra')

/** `down` takes it away if it was made here. Needs Docker. Throws when there is none. */
export const testCluster = () => {
  const given = process.env.HOLDFAST_KUBECONFIG ?? ''
  if (given !== '') return { kubeconfig: given, down: () => {} }
  const up = join(INFRA, 'kube-up.sh')
  if (!existsSync(up)) throw new Error('HOLDFAST_KUBECONFIG names no cluster, and nothing here can make one')
  const isUp = spawnSync('pgrep', ['-x', 'kube-apiserver']).status === 0
  const { status, stdout } = spawnSync(up, {
    encoding: 'utf8',
    env: { ...process.env, KUBE_DNS: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 600_000,
  })
  if (status !== 0) throw new Error('the cluster did not come up')
  const down = () => {
    if (!isUp) spawnSync(join(INFRA, 'kube-down.sh'), { stdio: 'inherit', timeout: 120_000 })
  }
  return { kubeconfig: stdout.trim().split('\n').at(-1), down }
}
