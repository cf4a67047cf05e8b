/** What tests with a cluster need: an image with a stub host, a namespace of their own, kubectl, and the way back to nothing. */
import { after } from 'node:test'
import type { NodeKubernetes } from '@holdfast/protocol'
import { randomId } from '@holdfast/protocol'
import { type HostInfo, type KubernetesOptions, kubernetesRuntime, type Runtime } from '../src/index.ts'
import { docker, out, whyNoDocker } from './docker-fixture.ts'

const kubectlWith =
  (kubeconfig: string) =>
  (...args: string[]): Promise<string> =>
    out('kubectl', '--kubeconfig', kubeconfig, ...args)

/**
 * False when tests with a cluster can run, else the reason. Its workers must have this machine's Docker images. Not the one that
 * kubectl uses by itself, which is somebody's own.
 */
export const whyNoKubernetes = async (kubeconfig: string): Promise<string | false> => {
  if (kubeconfig === '') return 'HOLDFAST_KUBECONFIG names no cluster (npm run test:k8s)'
  const docker = await whyNoDocker(false)
  if (docker !== false) return docker
  return kubectlWith(kubeconfig)('get', '--raw', '/readyz', '--request-timeout=5s').then(
    () => false,
    (error: Error) => `no cluster answers: ${error.message.slice(0, 200)}`,
  )
}

export interface KubernetesFixture {
  cluster: string
  image: string
  namespace: string
  runtime: Runtime
  make(more?: Partial<KubernetesOptions>, settings?: Partial<NodeKubernetes>): Runtime
  podOf(info: HostInfo): string
  /** In the session's container, as the session's user. */
  inside(info: HostInfo, ...command: string[]): Promise<string>
  /** kubectl in the tests' namespace. */
  here(...args: string[]): Promise<string>
}

/** Registers its own taking down. Nothing is made when the tests are skipped. */
export const kubernetesFixture = async (kubeconfig: string, skip: string | false): Promise<KubernetesFixture> => {
  const kubectl = kubectlWith(kubeconfig)
  const cluster = `t${randomId(8)}`
  const image = `hf-test-stub-${cluster}`
  const namespace = `hf-test-${cluster}`
  const make: KubernetesFixture['make'] = (more = {}, settings = {}) =>
    kubernetesRuntime({
      cluster,
      node: 'pods',
      settings: { ...(skip === false ? { kubeconfig } : {}), namespace, imagePullPolicy: 'Never', ...settings },
      cpuOvercommit: 8,
      ...more,
    })
  const here = (...args: string[]) => kubectl('-n', namespace, ...args)
  const podOf = (info: HostInfo) => `hf-${cluster}-${info.hostId}`
  if (skip === false) {
    const context = new URL('stub-image', import.meta.url).pathname
    await docker('build', '-q', '--network=none', '-t', image, context)
    await kubectl('create', 'namespace', namespace)
    after(async () => {
      await kubectl('delete', 'namespace', namespace, '--wait=true', '--timeout=110s')
      await docker('rmi', '-f', image)
    })
  }
  const inside = (info: HostInfo, ...command: string[]) => here('exec', podOf(info), '--', ...command)
  return { cluster, image, namespace, runtime: make(), make, podOf, inside, here }
}
