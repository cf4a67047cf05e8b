/** `npm test`: sets up what the tests need, runs the checks, then every test with the real parts, and closes with node:test's summary. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { baseImages, dockerAnswers, dockerEngine, dockerPlugins, ourImages } from './docker.mjs'
import { testCluster } from './kubernetes.mjs'
import { bundles, chromium, native, node24, packages, redisServer, root, tmuxProgram, withNode24 } from './setup.mjs'

const strict = process.env.CI === 'true'

/** What a machine lacks is skipped by the tests that need it, each with the reason; in CI it is an error here. */
const attempt = async (what, work) => {
  try {
    await work()
  } catch (error) {
    process.stderr.write(`! no ${what}: ${error.message}\n`)
    if (strict) process.exit(1)
  }
}

await packages()
await native()
await bundles()
await attempt('Redis', redisServer)
await attempt('tmux', tmuxProgram)
await attempt('browser', chromium)
await attempt('Docker', async () => {
  await dockerEngine()
  await dockerPlugins()
  await baseImages({ mayPull: false })
  await ourImages()
})

const check = spawnSync(node24, [join(root, 'scripts/check.mjs')], { cwd: root, env: withNode24, stdio: 'inherit' })
if (check.status !== 0) process.exit(1)

const named = process.argv.slice(2)
// Side by side: what has engines, clusters and the whole of Holdfast to itself, and all else.
const whole = ['packages/e2e/test/**/*.test.ts', 'packages/runtime/test/**/*.test.ts']
const rest = ['packages/!(e2e|runtime)/test/**/*.test.ts', 'services/*/test/**/*.test.ts', 'scripts/test/*.test.ts']
const lanes = named.length > 0 ? [named] : [whole, rest]

let cluster = { kubeconfig: '', down: () => {} }
// Skipped in CI, too, where there is none: not every machine can make one.
if (dockerAnswers() && (named.length === 0 || named.some((file) => file.includes('kubernetes')))) {
  try {
    cluster = testCluster()
  } catch (error) {
    process.stderr.write(`! no Kubernetes: ${error.message}\n`)
  }
}

// Login shells of the tests read no profile of this user's: what it runs is slow, or is left half done when its session is killed.
const home = mkdtempSync(join(tmpdir(), 'hf-home-'))
const env = {
  DOCKER_CONFIG: join(homedir(), '.docker'),
  npm_config_userconfig: join(homedir(), '.npmrc'),
  npm_config_cache: join(homedir(), '.npm'),
  ...withNode24,
  HOME: home,
  TESTCONTAINERS_RYUK_DISABLED: 'true',
  HOLDFAST_DOCKER: dockerAnswers() ? '1' : '',
  HOLDFAST_KUBECONFIG: cluster.kubeconfig,
  // Hundreds of Nodes are started from source: each takes half the CPU time when another one has compiled it before.
  NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compile'),
}
const tests = spawnSync(node24, [join(root, 'scripts/lanes.mjs'), ...lanes.map(String)], {
  cwd: root,
  env,
  stdio: 'inherit',
})
cluster.down()
rmSync(home, { recursive: true, force: true })
process.exit(tests.status ?? 1)
