/** `bundle.mjs SERVICE…`: each service as one file, services/<service>/dist/main.[mc]js, with what cannot be bundled beside it. */
import { execFileSync } from 'node:child_process'
import { cpSync, renameSync, rmSync } from 'node:fs'
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
  // Characters beyond Latin-1, which only templates keep, would double what the text takes in each host's memory.
  supported: { 'template-literal': false, 'dynamic-import': false },
}
/** Options that hosts run with, as in images/Dockerfile and start-process.mjs: V8 takes only what was compiled under the same. */
const HOST_OPTIONS = ['--max-semi-space-size=1']

// ssh2 (of dockerode) speeds itself up with native parts where it finds them; it does without.
const EXTERNAL = ['cpu-features', '*.node']

// A session host is nobody's client, compresses nothing and logs in its own thread; loaded unused, these cost each one 2 MB.
const UNUSED = ['https', 'tls', 'zlib', 'thread-stream']
const nothing = join(root, 'scripts/nothing.cjs')
/** What stands for a package in the bundle of a session host. Loading `assert` of Node takes a twentieth of the start. */
const INSTEAD = {
  ...Object.fromEntries(UNUSED.map((name) => [name, nothing])),
  assert: join(root, 'scripts/assert.cjs'),
}

/** Not loaded at the start of a session host, but when something of theirs is first used: they take as long as all the rest. */
const LATER = ['@xterm/headless', '@xterm/addon-serialize']

const loadedLater = {
  name: 'loaded-later',
  setup(build) {
    build.onResolve({ filter: /^@xterm\// }, ({ path, kind }) =>
      kind === 'import-statement' && LATER.includes(path) ? { path, namespace: 'later' } : undefined,
    )
    build.onLoad({ filter: /.*/, namespace: 'later' }, ({ path }) => ({
      contents: `module.exports = new Proxy({}, { get: (_, name) => require('${path}')[name] })`,
      resolveDir: root,
    }))
  },
}

/** Loaded from a file beside the bundle when the first file is asked for. */
const filesBeside = {
  name: 'files-beside',
  setup(build) {
    build.onResolve({ filter: /^\.\/files\.ts$/ }, () => ({ path: './files.cjs', external: true }))
  },
}

const copyScripts = (dist) =>
  cpSync(join(root, 'packages/session-store/src/scripts'), join(dist, 'scripts'), { recursive: true })

const copyRelay = (dist) => {
  copyScripts(dist)
  cpSync(join(root, 'services/gateway/build/relay.node'), join(dist, 'build/relay.node'))
}

/** What is run is its starter, which takes the compiled code. */
const finishHost = (dist) => {
  copyTerminal(dist)
  renameSync(join(dist, 'main.cjs'), join(dist, 'host.cjs'))
  cpSync(join(root, 'services/session/src/starter.cjs'), join(dist, 'main.cjs'))
  execFileSync(process.execPath, [...HOST_OPTIONS, join(root, 'scripts/compile-host.ts'), dist], { stdio: 'inherit' })
}

const copyTerminal = (dist) => {
  // Where node-pty looks for it when it is bundled.
  cpSync(join(root, 'node_modules/node-pty/build/Release/pty.node'), join(dist, 'build/Release/pty.node'))
  for (const part of ['hold', 'stream.node']) {
    cpSync(join(root, 'services/session/build', part), join(dist, 'build', part))
  }
}

const BESIDE = { gateway: copyRelay, orchestrator: copyScripts, session: finishHost }

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
    alias: service === 'session' ? INSTEAD : {},
    plugins,
    logLevel: 'warning',
  })

const bundleService = async (service) => {
  const dist = join(root, 'services', service, 'dist')
  rmSync(dist, { recursive: true, force: true })
  await bundle(service, 'main', dist, service === 'session' ? [compiledChecks, loadedLater, filesBeside] : [])
  if (service === 'session') for (const part of ['checks', 'files']) await bundle(service, part, dist)
  // The door of a node is a process of its own, of the gateway's image.
  if (service === 'gateway') await bundle(service, 'door', dist)
  BESIDE[service](dist)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const service of process.argv.slice(2)) await bundleService(service)
}
