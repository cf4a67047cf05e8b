/** `bundle.mjs SERVICE…`: each service as one file, services/<service>/dist/main.mjs, with what cannot be bundled beside it. */
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

// What CommonJS packages inside an ES module bundle still use.
const banner = `import { createRequire as bundleRequire } from 'node:module'
const require = bundleRequire(import.meta.url), __dirname = import.meta.dirname, __filename = import.meta.filename`

// ssh2 (of dockerode) speeds itself up with native parts where it finds them; it does without.
const EXTERNAL = ['node-pty', 'cpu-features', '*.node']

// A session host is nobody's client, compresses nothing and logs in its own thread; loaded unused, these cost each one 2 MB.
const UNUSED = { session: ['https', 'tls', 'zlib', 'thread-stream'] }
const nothing = join(root, 'scripts/nothing.cjs')

const copyScripts = (dist) =>
  cpSync(join(root, 'packages/session-store/src/scripts'), join(dist, 'scripts'), { recursive: true })

const copyRelay = (dist) => {
  copyScripts(dist)
  cpSync(join(root, 'services/gateway/build/relay.node'), join(dist, 'build/relay.node'))
}

const copyTerminal = (dist) => {
  const pty = join(dist, 'node_modules/node-pty')
  const filter = (path) => !path.endsWith('.map')
  for (const part of ['package.json', 'lib', 'build/Release/pty.node']) {
    cpSync(join(root, 'node_modules/node-pty', part), join(pty, part), { recursive: true, filter })
  }
  for (const part of ['hold', 'flood-reader.node']) {
    cpSync(join(root, 'services/session/build', part), join(dist, 'build', part))
  }
}

const BESIDE = { gateway: copyRelay, orchestrator: copyScripts, session: copyTerminal }

for (const service of process.argv.slice(2)) {
  const dist = join(root, 'services', service, 'dist')
  rmSync(dist, { recursive: true, force: true })
  // .mjs: otherwise Node reads the file twice to find out what it is, 4 MB for each session.
  await build({
    entryPoints: [join(root, 'services', service, 'src/main.ts')],
    outfile: join(dist, 'main.mjs'),
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    keepNames: true,
    legalComments: 'none',
    banner: { js: banner },
    external: EXTERNAL,
    alias: Object.fromEntries((UNUSED[service] ?? []).map((name) => [name, nothing])),
    logLevel: 'warning',
  })
  BESIDE[service](dist)
}
