/** `bundle.mjs SERVICE…`: each service as one file, services/<service>/dist/main.[mc]js, with what cannot be bundled beside it. */
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { compiledChecks } from './compiled-checks.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Of a program in one file. The banner has what CommonJS packages inside a module still use. */
export const MODULE = {
  format: 'esm',
  outExtension: { '.js': '.mjs' },
  keepNames: true,
  banner: {
    js: `import { createRequire as bundleRequire } from 'node:module'
const require = bundleRequire(import.meta.url), __dirname = import.meta.dirname, __filename = import.meta.filename`,
  },
}

/**
 * Of a session host, where it takes less memory than a module: an import of a part of Node reads every export of it and so loads
 * what stands behind each (0.5 MB, and with undici 7 more). Names of functions would be kept by code (0.3 MB).
 */
const SCRIPT = {
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  define: { 'import.meta.url': 'bundleUrl' },
  banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href" },
}

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
  for (const part of ['hold', 'stream.node']) {
    cpSync(join(root, 'services/session/build', part), join(dist, 'build', part))
  }
}

const BESIDE = { gateway: copyRelay, orchestrator: copyScripts, session: copyTerminal }

/** Bundles services/<service>/src/<part>.ts into the folder `dist`. */
export const bundle = (service, part, dist, plugins = []) =>
  build({
    ...(service === 'session' ? SCRIPT : MODULE),
    entryPoints: [join(root, 'services', service, 'src', `${part}.ts`)],
    outdir: dist,
    bundle: true,
    platform: 'node',
    target: 'node24',
    minify: true,
    // What is imported when it is needed stays in a file of its own: the client of Kubernetes has 4 MB.
    splitting: service === 'orchestrator',
    legalComments: 'none',
    external: EXTERNAL,
    alias: Object.fromEntries((UNUSED[service] ?? []).map((name) => [name, nothing])),
    plugins,
    logLevel: 'warning',
  })

const bundleService = async (service) => {
  const dist = join(root, 'services', service, 'dist')
  rmSync(dist, { recursive: true, force: true })
  await bundle(service, 'main', dist, service === 'session' ? [compiledChecks] : [])
  if (service === 'session') await bundle(service, 'checks', dist)
  // The door of a node is a process of its own, of the gateway's image.
  if (service === 'gateway') await bundle(service, 'door', dist)
  BESIDE[service](dist)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const service of process.argv.slice(2)) await bundleService(service)
}
