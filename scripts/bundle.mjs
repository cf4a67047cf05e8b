/** Bundles each service into dist/<service>/main.js, with what cannot be bundled beside it, and builds the console. */
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { build as buildConsole } from 'vite'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')

// CommonJS packages inside an ES module bundle still call require().
const banner =
  "import { createRequire as bundleRequire } from 'node:module'; const require = bundleRequire(import.meta.url);"

// ssh2 (of dockerode) speeds itself up with native parts where it finds them; it does without.
const NATIVE = ['cpu-features', '*.node']

const bundle = (service, external = []) =>
  build({
    entryPoints: [join(root, 'services', service, 'src/main.ts')],
    outfile: join(dist, service, 'main.js'),
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minifySyntax: true,
    legalComments: 'none',
    sourcemap: false,
    banner: { js: banner },
    external: [...external, ...NATIVE],
    logLevel: 'warning',
  })

rmSync(dist, { recursive: true, force: true })
mkdirSync(dist)
await bundle('session', ['node-pty'])
await bundle('gateway')
await bundle('orchestrator')
for (const service of ['gateway', 'orchestrator']) {
  cpSync(join(root, 'packages/session-store/src/scripts'), join(dist, service, 'scripts'), { recursive: true })
}
const pty = join(dist, 'session/node_modules/node-pty')
for (const part of ['package.json', 'lib', 'build/Release/pty.node']) {
  cpSync(join(root, 'node_modules/node-pty', part), join(pty, part), {
    recursive: true,
    filter: (path) => !path.endsWith('.map'),
  })
}
cpSync(join(root, 'services/session/build/hold'), join(dist, 'session/build/hold'))
await buildConsole({
  root: join(root, 'packages/console'),
  logLevel: 'warn',
  build: { outDir: join(dist, 'console'), emptyOutDir: true },
})
