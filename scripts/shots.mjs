/** `npm run shots`: sets up what it needs, then takes pictures of every page of the console; see packages/e2e/src/shots. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { bundles, chromium, native, node24, packages, redisServer, root, withNode24 } from './setup.mjs'

await packages()
await native()
await bundles()
await redisServer()
await chromium()

const main = join(root, 'packages/e2e/src/shots/main.ts')
const { status } = spawnSync(node24, [main, ...process.argv.slice(2)], { env: withNode24, stdio: 'inherit' })
process.exit(status ?? 1)
