/** `npm run test:k8s [FILE…]`: the tests that need a Kubernetes cluster, also those that drain, fill and cut off its workers. */
import { spawnSync } from 'node:child_process'
import { baseImages, dockerEngine, dockerPlugins, ourImages } from './docker.mjs'
import { testCluster } from './kubernetes.mjs'
import { bundles, native, node24, packages, root, withNode24 } from './setup.mjs'

await packages()
await native()
await bundles()
await dockerEngine()
await dockerPlugins()
await baseImages({ mayPull: false })
await ourImages()
const { kubeconfig, down } = testCluster()
const named = process.argv.slice(2)
const files = named.length > 0 ? named : ['packages/*/test/kubernetes*.test.ts']
const env = { ...withNode24, HOLDFAST_KUBECONFIG: kubeconfig, HOLDFAST_DISRUPT: '1', HOLDFAST_DOCKER: '1' }
const { status } = spawnSync(node24, ['--test', '--test-concurrency=1', '--test-timeout=600000', ...files], {
  cwd: root,
  env,
  stdio: 'inherit',
})
down()
process.exit(status ?? 1)
