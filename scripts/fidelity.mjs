/** `npm run fidelity -- FILE…`: compares snapshots of recorded terminal output to the whole, see docs/protocol.md. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { node24, packages, root, withNode24 } from './setup.mjs'

await packages()
const main = join(root, 'services/session/fidelity/main.ts')
// npm changes to the root of the repository; files are named from where it was called.
const cwd = process.env.INIT_CWD ?? process.cwd()
const { status } = spawnSync(node24, [main, ...process.argv.slice(2)], { cwd, env: withNode24, stdio: 'inherit' })
process.exit(status ?? 1)
