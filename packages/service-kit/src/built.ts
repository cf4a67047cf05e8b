/** Native parts: where scripts/native.mjs puts them, or beside a service's bundle. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** Paths at which a part may lie, seen from the module `from` (its `import.meta.url`) in a service's src or bundle. */
export const builtPaths = (name: string, from: string): string[] =>
  ['./build/', '../build/'].map((folder) => fileURLToPath(new URL(folder + name, from)))

/** Loads a Node-API addon; throws when it was not built. */
export const loadAddon = <Addon>(name: string, from: string): Addon => {
  const path = builtPaths(name, from).find((candidate) => existsSync(candidate))
  if (path === undefined) throw new Error(`${name} is not built: run "node scripts/native.mjs"`)
  return createRequire(from)(path) as Addon
}
