/** `npm run chaos`: sets up what the fault suite needs, then runs it on Node 24; see packages/e2e/src/chaos. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { baseImages, dockerEngine, ourImages } from './docker.mjs'
import { bundles, native, node24, packages, redisServer, root, withNode24 } from './setup.mjs'

const args = process.argv.slice(2)
await packages()
if (!args.includes('--help')) {
  await native()
  await bundles()
  await redisServer()
  await dockerEngine()
  await baseImages({ mayPull: process.env.HOLDFAST_AIRGAP !== '1' })
  await ourImages()
}

const main = join(root, 'packages/e2e/src/chaos/main.ts')
const chaos = spawn(node24, [main, ...args], { env: withNode24, stdio: 'inherit' })
// Ctrl-C reaches the child by itself; we wait until it has taken everything down.
process.on('SIGINT', () => undefined)
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => chaos.kill(signal))
chaos.on('close', (code) => process.exit(code ?? 1))
