/** `npm run shots`: sets up what it needs, then takes pictures of every page of the console; see packages/e2e/src/shots. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { bundles, chromium, native, node24, packages, redisServer, root, withNode24 } from './setup.mjs'

await packages()
await native()
await bundles()
await redisServer()
await chromium()

const main = join(root, 'packages/e2e/src/shots/main.ts')
const shots = spawn(node24, [main, ...process.argv.slice(2)], { env: withNode24, stdio: 'inherit' })
process.on('SIGINT', () => undefined) // Ctrl-C reaches the child by itself; we wait until it has taken everything down
process.on('SIGTERM', () => shots.kill('SIGTERM'))
shots.on('close', (code) => process.exit(code ?? 1))
