/** Compiles the native parts: node-pty's addon, the session leader `hold`, the stream of a session and the gateway's relay. Needs g++ alone, no node-gyp, no headers from the net. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Of an addon in C that knows Node by Node-API alone. */
const ADDON_FLAGS = [
  ...['-O2', '-shared', '-fPIC', '-pthread', '-Wall', '-Wextra', '-Werror'],
  ...['-I', 'node_modules/node-api-headers/include'],
]

/** One compiler call each; paths are relative to the repository. `headers` are our own, beside the source. */
const PARTS = [
  {
    output: 'node_modules/node-pty/build/Release/pty.node',
    source: 'node_modules/node-pty/src/unix/pty.cc',
    compiler: 'g++',
    // The C++ runtime is linked in, so that the addon also loads in an image without libstdc++.
    flags: [
      ...['-O2', '-shared', '-fPIC', '-std=c++17', '-DNAPI_CPP_EXCEPTIONS', '-static-libstdc++', '-static-libgcc'],
      ...['-I', 'node_modules/node-api-headers/include', '-I', 'node_modules/node-addon-api'],
    ],
    libraries: ['-lutil'],
  },
  {
    output: 'services/session/build/hold',
    source: 'services/session/shim/hold.c',
    compiler: 'gcc',
    flags: ['-O2', '-static', '-s', '-Wall', '-Wextra', '-Werror'],
    libraries: [],
  },
  {
    output: 'services/session/build/stream.node',
    source: 'services/session/native/stream.c',
    headers: [
      ...[
        'stream.h',
        'ring.h',
        'mark.h',
        'seen.h',
        'input.h',
        'frames.h',
        'viewer.h',
        'client.h',
        'rounds.h',
        'terminal.h',
      ],
      ...['loop.h', 'js.h', 'js-stream.h', 'js-viewer.h'],
    ],
    compiler: 'gcc',
    flags: ADDON_FLAGS,
    libraries: [],
  },
  {
    output: 'services/gateway/build/relay.node',
    source: 'services/gateway/native/relay.c',
    headers: ['loop.h', 'splice.h', 'frames.h'],
    compiler: 'gcc',
    flags: ADDON_FLAGS,
    libraries: [],
  },
]

const isNewer = (output, sources) =>
  existsSync(output) && sources.every((source) => statSync(output).mtimeMs > statSync(source).mtimeMs)

const compile = (root, part) => {
  const output = join(root, part.output)
  const source = join(root, part.source)
  if (!existsSync(source)) throw new Error(`${part.source} is missing: run "npm install --ignore-scripts" first`)
  const headers = (part.headers ?? []).map((name) => join(dirname(source), name))
  if (isNewer(output, [source, ...headers])) return false
  mkdirSync(dirname(output), { recursive: true })
  // A rename at the end: whoever runs the old file, or builds at the same time, never sees half a file.
  const fresh = `${output}.${process.pid}`
  const { error, status, stderr } = spawnSync(
    part.compiler,
    [...part.flags, '-o', fresh, part.source, ...part.libraries],
    { cwd: root, encoding: 'utf8' },
  )
  if (error?.code === 'ENOENT') {
    throw new Error(
      `${part.compiler} is not installed; on Debian or Ubuntu: apt-get install --no-install-recommends g++ libc6-dev`,
    )
  }
  if (error) throw error
  if (status !== 0) throw new Error(`${part.compiler} could not compile ${part.source}:\n${stderr}`)
  renameSync(fresh, output)
  return true
}

/** Returns the paths that were built; what is newer than its source is left alone. */
export const buildNative = (root) => PARTS.filter((part) => compile(root, part)).map((part) => part.output)

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const built = buildNative(join(dirname(fileURLToPath(import.meta.url)), '..'))
    console.log(built.length === 0 ? 'native: up to date' : `native: built ${built.join(', ')}`)
  } catch (error) {
    console.error(`native: ${error.message}`)
    process.exitCode = 1
  }
}
