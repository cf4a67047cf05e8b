/** Import direction of the workspaces and inside a service (docs/architecture.md): prints each violation, exits 1 if there is one. */
import { globSync, readFileSync } from 'node:fs'
import { basename, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A workspace imports from its own level only above level 1, and never from a higher one. */
const LEVELS: Readonly<Record<string, number>> = {
  'packages/protocol': 0,
  'packages/client': 1,
  'packages/session-store': 1,
  'packages/runtime': 1,
  'packages/service-kit': 1,
  'packages/session-manager': 2,
  'packages/cli': 2,
  'packages/console': 2,
  'services/gateway': 2,
  'services/orchestrator': 2,
  'services/session': 2,
  'packages/bench': 3,
  'packages/e2e': 3,
}

/** Inside a service an import goes down or stays: main, app, routes, domain. */
const LAYERS = ['domain', 'route', 'app', 'main'] as const
const layerOf = (file: string): number => {
  const name = basename(file)
  if (name === 'main.ts') return 3
  if (name === 'app.ts') return 2
  return /-routes?\.ts$/.test(name) ? 1 : 0
}

/** Statements that name a module: import and export … from, for types too, bare imports and import(). */
const IMPORTS =
  /^[ \t]*(?:import|export)\s[\s\w{},*$]*?\bfrom\s*['"]([^'"]+)['"]|^[ \t]*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm

const importsOf = (text: string): string[] =>
  Array.from(text.matchAll(IMPORTS), (match) => match[1] ?? match[2] ?? match[3] ?? '')

/** `packages/client` of `packages/client/src/x.ts`. */
const workspaceOf = (path: string): string => path.split('/').slice(0, 2).join('/')

/** Path from the root, of a file or of a whole workspace; null for what is not ours. */
const targetOf = (file: string, specifier: string): string | null => {
  if (specifier.startsWith('.')) return normalize(join(file, '..', specifier))
  const name = /^@holdfast\/([^/]+)/.exec(specifier)?.[1]
  if (name === undefined) return null
  return Object.keys(LEVELS).find((workspace) => basename(workspace) === name) ?? `packages/${name}`
}

/** The rule that the import breaks, or null. */
const brokenRule = (file: string, target: string): string | null => {
  const [from, to] = [workspaceOf(file), workspaceOf(target)]
  if (from === to) {
    const [above, below] = [layerOf(file), layerOf(target)]
    if (!from.startsWith('services/') || below <= above) return null
    return `inside a service main → app → routes → domain, never back: ${LAYERS[above]} imports ${LAYERS[below]}`
  }
  if (to.startsWith('services/')) {
    return from.startsWith('services/') ? 'no service imports a service' : 'no package imports a service'
  }
  const [level, other] = [LEVELS[from], LEVELS[to]]
  if (level === undefined) return `${from} has no level in scripts/check-imports.ts`
  if (other === undefined) return `${to} has no level in scripts/check-imports.ts`
  if (other > level) return `level ${level} imports level ${other}`
  return other === level && level < 2 ? `packages of level ${level} never import each other` : null
}

/** Lines `file -> import: rule` for every violation below `root`. */
export const checkImports = (root: string): string[] =>
  globSync('{packages,services}/*/src/**/*.{ts,tsx}', { cwd: root })
    .toSorted()
    .flatMap((file) =>
      importsOf(readFileSync(join(root, file), 'utf8')).flatMap((specifier) => {
        const target = targetOf(file, specifier)
        const rule = target === null ? null : brokenRule(file, target)
        return rule === null ? [] : [`${file} -> ${specifier}: ${rule}`]
      }),
    )

if (import.meta.main) {
  const violations = checkImports(process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url)))
  for (const violation of violations) console.error(violation)
  if (violations.length > 0) process.exitCode = 1
}
