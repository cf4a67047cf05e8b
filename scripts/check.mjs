/** `npm run check`: lint and format, types, import cycles (Biome), import direction, generated documentation, compose file. */
import { spawnSync } from 'node:child_process'
import { packages, root, withNode24 } from './setup.mjs'

const CHECKS = [
  ['biome', 'check', '--error-on-warnings', '.'],
  ['turbo', 'run', 'types'],
  ['node', 'scripts/check-imports.ts'],
  ['node', 'scripts/docs.ts', '--check'],
]

await packages()
for (const [command, ...args] of CHECKS) {
  const { status } = spawnSync(command, args, { cwd: root, env: withNode24, stdio: 'inherit' })
  if (status !== 0) {
    process.stderr.write(`check failed: ${[command, ...args].join(' ')}\n`)
    process.exit(1)
  }
}
