/** The reference finds what a reader would miss in a tree made for it, and shows what is there. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { markdownOf } from '../docs/markdown.ts'
import { Reference } from '../docs/reference.ts'

const PROTOCOL = `type Static<T> = T
export const shapeSchema = {}
/** A shape. */
export type Shape = Static<typeof shapeSchema>
const privateSchema = {}
/** A secret. */
export type Secret = Static<typeof privateSchema>
export const modeSchema = {}
/** A mode. */
export type Mode = Static<typeof modeSchema>
/** Nobody names it. */
export type Other = string
`

const referenceOf = (context: TestContext, code: string, fields: Record<string, unknown> = {}): Reference => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-reference-')))
  context.after(() => rmSync(root, { recursive: true }))
  const files = {
    'packages/a/tsconfig.json':
      '{ "compilerOptions": { "allowImportingTsExtensions": true, "noEmit": true }, "include": ["src"] }',
    'packages/a/src/index.ts': `export * from './a.ts'\n`,
    'packages/a/src/a.ts': `import type { Mode, Secret, Shape } from '../../protocol/src/index.ts'\n${code}`,
    'packages/protocol/src/index.ts': PROTOCOL,
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return new Reference({
    root,
    config: 'packages/a/tsconfig.json',
    whole: { a: 'packages/a/src/index.ts' },
    named: 'packages/protocol/src/index.ts',
    schemas: {
      modeSchema: { anyOf: [{ const: 'rw' }, { const: 1 }] },
      shapeSchema: { type: 'object', properties: fields, required: ['size'] },
    },
  })
}

const LACKS: [what: string, code: string, problem: RegExp][] = [
  ['an export', 'export const go = (): void => {}', /^go has no docstring$/],
  ['a method', '/** A. */ export class A { run(): void {} }', /^A\.run has no docstring$/],
  ['a constructor', '/** A. */ export class A { constructor(_: string) {} }', /^new A has no docstring$/],
  ['a property of an interface', '/** A. */ export interface A { at: number }', /^A\.at has no docstring$/],
  ['a return type', '/** Goes. */ export const go = () => 1', /^go has no return type of its own$/],
  [
    'an export of a type that is named',
    'type B = 1\n/** A. */ export const a = (b: B): void => {}',
    /^a names B, which/,
  ],
]
for (const [what, code, problem] of LACKS) {
  test(`${what} is missed`, (context) => {
    const { problems } = referenceOf(context, code)
    assert.equal(problems.length, 1, problems.join('\n'))
    assert.match(problems[0] ?? '', problem)
  })
}

test('a field without a description is missed', (context) => {
  const code = '/** Draws. */\nexport const draw = (shape: Shape): void => {}'
  const { problems } = referenceOf(context, code, { size: { type: 'number' } })
  assert.deepEqual(problems, ['Shape.size has no description in its schema'])
})

test('a schema that is no export is missed; one that is no object is a type', (context) => {
  const { problems, pages } = referenceOf(
    context,
    '/** A. */\nexport const a = (secret: Secret, mode: Mode): void => {}',
  )
  assert.deepEqual(problems, ['Secret comes from privateSchema, which is no export'])
  assert.equal(pages.protocol?.[0]?.code, "type Mode = 'rw' | 1")
})

test('an export has the name under which it is exported; a value has its type', (context) => {
  const { problems, pages } = referenceOf(context, '/** Oldest. */\nconst OLD = 1\nexport { OLD as oldest }')
  assert.deepEqual(problems, [])
  assert.deepEqual(
    pages.a?.map(({ kind, name, code }) => [kind, name, code]),
    [['value', 'oldest', 'const oldest: 1']],
  )
})

test('what is private, internal or the base class’s is not shown; signatures have no bodies', (context) => {
  const code = `/** B. */
export class B {
  /** Runs. */
  run(): void {}
}
/** A. */
export class A extends B {
  #secret = 1
  /** @internal */
  constructor() { super() }
  override run(): void { this.#secret++ }
  /** How much, in bytes. */
  get size(): number { return this.#secret }
  /** Reads. */
  async read(at = 0): Promise<string> { return String(at) }
}`
  const reference = referenceOf(context, code)
  assert.deepEqual(reference.problems, [])
  const [, a] = reference.pages.a ?? []
  assert.equal(a?.code, 'class A extends B')
  assert.deepEqual(
    a?.members.map(({ code: signature }) => signature),
    ['readonly size: number', 'read(at = 0): Promise<string>'],
  )
})

test('a type that is named gets its place, as a table where a schema makes it', (context) => {
  const code = '/** Draws. */\nexport const draw = (shape: Shape): void => {}'
  const reference = referenceOf(context, code, {
    size: { type: 'integer', minimum: 1, maximum: 9, description: 'cm' },
    colors: {
      type: 'array',
      items: { type: 'object', properties: { name: { type: 'string', description: 'a|b' } }, required: ['name'] },
      description: 'all',
    },
  })
  assert.deepEqual(reference.problems, [])
  assert.deepEqual(
    reference.pages.protocol?.map(({ name }) => name),
    ['Shape'],
  )
  assert.match(
    markdownOf(reference, 'a', 'About.'),
    /\ndraw\(shape: Shape\): void\n```\n\nTypes: \[Shape\]\(protocol\.md#shape\)/,
  )
  const rows = markdownOf(reference, 'protocol', 'About.')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  assert.deepEqual(rows, [
    '| `size` | `number`, 1 to 9 | cm |',
    '| `colors?` | `object[]` | all |',
    '| `colors[].name` | `string` | a\\|b |',
  ])
})
