/** The check of import directions finds each kind of violation in a tree made for it, and nothing in a good one. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { checkImports } from '../check-imports.ts'

const SCRIPT = fileURLToPath(new URL('../check-imports.ts', import.meta.url))

const tree = (context: TestContext, files: Record<string, string>): string => {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-imports-'))
  context.after(() => rmSync(root, { recursive: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

const GOOD = {
  'packages/protocol/src/index.ts': `export * from './errors.ts'\nimport { Type } from 'typebox'\n`,
  'packages/client/src/client.ts': `import { ERRORS } from '@holdfast/protocol'\n`,
  'packages/cli/src/new.ts': `import { Manager } from '@holdfast/session-manager'\nimport { C } from '@holdfast/client'\n`,
  'packages/e2e/src/stack.ts': `import { run } from '@holdfast/cli'\n`,
  'services/gateway/src/main.ts': `import { build } from './app.ts'\nimport { dial } from './dial.ts'\n`,
  'services/gateway/src/app.ts': `import { attachRoute } from './attach-route.ts'\n`,
  'services/gateway/src/attach-route.ts': `import { dial } from './dial.ts'\n`,
  'services/gateway/src/dial.ts': `import { connect } from 'node:net'\nimport { relay } from './relay.ts'\nimport { verify } from '@holdfast/service-kit'\n`,
}

const VIOLATIONS: [file: string, text: string, specifier: string, rule: RegExp][] = [
  ['packages/protocol/src/x.ts', `import { C } from '@holdfast/client'`, '@holdfast/client', /level 0 imports level 1/],
  ['packages/client/src/x.ts', `import type { R } from '@holdfast/runtime'`, '@holdfast/runtime', /level 1 never/],
  [
    'packages/runtime/src/x.ts',
    `export * from '../../session-store/src/index.ts'`,
    '../../session-store/src/index.ts',
    /never/,
  ],
  ['packages/client/src/x.ts', `import { run } from '@holdfast/cli'`, '@holdfast/cli', /level 1 imports level 2/],
  [
    'packages/console/src/x.tsx',
    `import { bench } from '@holdfast/bench'`,
    '@holdfast/bench',
    /level 2 imports level 3/,
  ],
  [
    'packages/cli/src/x.ts',
    `const a = await import('@holdfast/gateway')`,
    '@holdfast/gateway',
    /no package imports a service/,
  ],
  [
    'packages/e2e/src/x.ts',
    `import '../../../services/session/src/main.ts'`,
    '../../../services/session/src/main.ts',
    /no package/,
  ],
  [
    'services/gateway/src/x.ts',
    `import {\n  a,\n  b,\n} from '@holdfast/session'`,
    '@holdfast/session',
    /no service imports a service/,
  ],
  ['services/gateway/src/x.ts', `import { a } from './attach-route.ts'`, './attach-route.ts', /domain imports route/],
  ['services/gateway/src/a-route.ts', `import { a } from './app.ts'`, './app.ts', /route imports app/],
  ['services/gateway/src/x.ts', `import { a } from './main.ts'`, './main.ts', /domain imports main/],
  [
    'packages/nowhere/src/x.ts',
    `import { ERRORS } from '@holdfast/protocol'`,
    '@holdfast/protocol',
    /nowhere has no level/,
  ],
  ['packages/cli/src/x.ts', `import { a } from '@holdfast/nowhere'`, '@holdfast/nowhere', /nowhere has no level/],
]

test('a tree that keeps to the rules has no violation', (context) => {
  assert.deepEqual(checkImports(tree(context, GOOD)), [])
})

for (const [file, text, specifier, rule] of VIOLATIONS) {
  test(`${file} may not say: ${text.replaceAll(/\s+/g, ' ')}`, (context) => {
    const found = checkImports(tree(context, { ...GOOD, [file]: `/** x */\n${text}\n` }))
    assert.equal(found.length, 1, found.join('\n'))
    assert.ok(found[0]?.startsWith(`${file} -> ${specifier}: `), found[0])
    assert.match(found[0] ?? '', rule)
  })
}

test('imports in comments and texts do not count', (context) => {
  const text = `/**\n * import { a } from '@holdfast/gateway'\n */\nexport const from = "import x from '@holdfast/e2e'"\n`
  assert.deepEqual(checkImports(tree(context, { 'packages/client/src/x.ts': text })), [])
})

test('as a command it prints each violation and exits 1, or prints nothing and exits 0', (context) => {
  const run = (root: string) => spawnSync(process.execPath, [SCRIPT, root], { encoding: 'utf8' })
  const bad = run(tree(context, { 'services/gateway/src/x.ts': `import './app.ts'\nimport '@holdfast/e2e'\n` }))
  assert.equal(bad.status, 1)
  assert.equal(bad.stderr.trim().split('\n').length, 2)
  const good = run(tree(context, GOOD))
  assert.deepEqual([good.status, good.stdout, good.stderr], [0, '', ''])
})
