/** `npm run pack [-- --out DIR]`: the packages that others install as tarballs, see docs/packages.md. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { run, step } from './progress.mjs'
import { node24, packages, root, withNode24 } from './setup.mjs'

/** Those of an earlier version would be installed, too. */
const removeOld = (out) => {
  for (const name of readdirSync(out)) if (/^holdfast-.*\.tgz$/.test(name)) rmSync(join(out, name))
}

const { values } = parseArgs({ options: { out: { type: 'string', default: join(root, 'dist/packages') } } })
const out = resolve(values.out)
const work = mkdtempSync(join(tmpdir(), 'holdfast-pack-'))
const [types, stages] = [join(work, 'types'), join(work, 'packages')]
const scripts = join(root, 'scripts')
await packages()
try {
  await step('writing types', () =>
    run('tsc', ['-p', join(scripts, 'tsconfig.pack.json'), '--outDir', types], { env: withNode24 }),
  )
  await step('compiling', () => run(node24, [join(scripts, 'packages.mjs'), types, stages]))
  mkdirSync(out, { recursive: true })
  removeOld(out)
  const folders = readdirSync(stages).map((name) => join(stages, name))
  await step(`packing into ${out}`, () => run('npm', ['pack', '--pack-destination', out, ...folders], { cwd: work }))
} finally {
  rmSync(work, { recursive: true, force: true })
}
