/** `packages.mjs TYPES OUT`: a folder in OUT for each package that others install: libraries compiled, with types, and the command line as one file. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { MODULE } from './bundle.mjs'
import { root } from './setup.mjs'

const PUBLISHED = ['protocol', 'client', 'session-manager', 'cli']
const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const bundle = (options) =>
  build({
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node20',
    inject: [join(root, 'scripts/node20.mjs')],
    metafile: true,
    logLevel: 'warning',
    ...options,
  })

/** Those of ours that are published, in the same version, and those of others. What is neither becomes part of the code. */
const dependenciesOf = ({ dependencies, version }) => {
  const ours = new Map(PUBLISHED.map((name) => [`@holdfast/${name}`, version]))
  const kept = Object.entries(dependencies).filter(([name]) => ours.has(name) || !name.startsWith('@holdfast/'))
  return Object.fromEntries(kept.map(([name, range]) => [name, ours.get(name) ?? range]))
}

/** Imports of a package's own files stay imports: who bundles it can leave out files that are not used. */
const ownFiles = (source) => ({
  name: 'own-files',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\// }, ({ path, importer }) =>
      importer.startsWith(source) ? { path: path.replace(/\.ts$/, '.js'), external: true } : undefined,
    )
  },
})

/** Each file of src as JavaScript and as types in dist, and of package.json the entries that are there: others are for our tests. */
const library = async (manifest, source, stage, types) => {
  const dependencies = dependenciesOf(manifest)
  const files = readdirSync(source, { recursive: true }).filter((path) => path.endsWith('.ts'))
  const { metafile } = await bundle({
    entryPoints: files.map((path) => join(source, path)),
    outdir: join(stage, 'dist'),
    outbase: source,
    format: 'esm',
    external: ['#*', ...Object.keys(dependencies)],
    plugins: [ownFiles(source)],
  })
  cpSync(types, join(stage, 'dist'), { recursive: true })
  const exports = Object.entries(manifest.exports).filter(([, path]) => path.startsWith('./src/'))
  const entries = JSON.stringify({ exports: Object.fromEntries(exports), imports: manifest.imports })
  const compiled = JSON.parse(entries.replace(/\.\/src\/([^"]+)\.ts/g, './dist/$1.js'))
  return { metafile, fields: { ...compiled, types: './dist/index.d.ts', dependencies } }
}

/** One file with everything in it. */
const program = async ({ bin }, source, stage) => {
  const [[name, path]] = Object.entries(bin)
  const { metafile } = await bundle({
    ...MODULE,
    banner: { js: `#!/usr/bin/env node\n${MODULE.banner.js}` },
    entryPoints: { [name]: join(source, 'main.ts') },
    outdir: join(stage, dirname(path)),
  })
  return { metafile, fields: { bin } }
}

/** Some packages name their license, and bring no text of it. */
const licenseOf = (folder) => {
  const file = readdirSync(join(root, folder)).find((name) => /^license/i.test(name))
  if (file !== undefined) return readFileSync(join(root, folder, file), 'utf8')
  const { license, repository } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  return `${license}, see ${repository.url ?? repository}\n`
}

/** Ours, and those of others whose code is in the bundle. */
const licenses = ({ outputs }) => {
  const inputs = Object.values(outputs).flatMap((output) => Object.keys(output.inputs))
  const folders = new Set(inputs.flatMap((path) => /node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []))
  const others = [...folders].map(
    (folder) => `\n---\nParts of ${folder.slice('node_modules/'.length)}:\n\n${licenseOf(folder)}`,
  )
  return [readFileSync(join(root, 'LICENSE'), 'utf8'), ...others].join('')
}

/** Fills the folder `stage` with what the package's tarball has. */
const prepare = async (name, stage, types) => {
  const folder = join(root, 'packages', name)
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const make = manifest.bin === undefined ? library : program
  const { metafile, fields } = await make(manifest, join(folder, 'src'), stage, join(types, name, 'src'))
  const { version, description, license, type, sideEffects } = manifest
  const common = { name: manifest.name, version, description, license, type, engines, sideEffects }
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify({ ...common, ...fields }, null, 2)}\n`)
  cpSync(join(folder, 'README.md'), join(stage, 'README.md'))
  writeFileSync(join(stage, 'LICENSE'), licenses(metafile))
}

const [types, out] = process.argv.slice(2)
await Promise.all(PUBLISHED.map((name) => prepare(name, join(out, name), types)))
