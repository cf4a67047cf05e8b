/** Configuration: each variable's check, and that all that is wrong is told at once. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { HoldfastError } from '@holdfast/protocol'
import { bool, int, list, oneOf, readEnv, secretFile, str } from '../src/index.ts'

const SPEC = {
  NAME: str('a name'),
  PORT: int('a port', 8080),
  FAST: bool('be fast', false),
  RUNTIME: oneOf('where', ['docker', 'process'], 'process'),
  ORIGINS: list('who', ''),
}

test('values come from the environment, else from the defaults, and are frozen', () => {
  const values = readEnv(SPEC, { NAME: 'x', PORT: '0', FAST: 'true', ORIGINS: ' a , ,b' })
  assert.deepEqual(values, { NAME: 'x', PORT: 0, FAST: true, RUNTIME: 'process', ORIGINS: ['a', 'b'] })
  assert.ok(Object.isFrozen(values))
  assert.deepEqual(readEnv(SPEC, { NAME: 'x' }).ORIGINS, [])
})

test('an empty variable is a missing one', () => {
  assert.equal(readEnv(SPEC, { NAME: 'x', PORT: '' }).PORT, 8080)
  assert.throws(() => readEnv(SPEC, { NAME: '' }), /NAME is required: a name/)
})

test('one error names every variable that is missing or wrong, and what it should be', () => {
  const read = () => readEnv(SPEC, { PORT: '80x', FAST: 'yes', RUNTIME: 'podman' })
  assert.throws(read, (error) => {
    assert.ok(error instanceof HoldfastError)
    assert.equal(error.code, 'BAD_REQUEST')
    const lines = error.message.split('\n').slice(1)
    assert.deepEqual(lines, [
      '  NAME is required: a name',
      '  PORT must be a whole number, not "80x"',
      '  FAST must be true or false, not "yes"',
      '  RUNTIME must be one of docker, process, not "podman"',
    ])
    return true
  })
})

test('numbers that are not whole, or too long to be exact, are refused', () => {
  for (const PORT of ['1.5', '1e3', '0x10', ' 1', '9999999999999999']) {
    assert.throws(() => readEnv({ PORT: int('a port') }, { PORT }), /must be a whole number/, PORT)
  }
})

test('a secret is read from its file; a missing or short one is refused without showing it', (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-config-'))
  context.after(() => rmSync(dir, { recursive: true }))
  const [good, short] = [join(dir, 'good'), join(dir, 'short')]
  writeFileSync(good, 'a secret of enough length\n')
  writeFileSync(short, 'hunter2\n')
  const spec = { KEY_FILE: secretFile('a key') }
  assert.equal(readEnv(spec, { KEY_FILE: good }).KEY_FILE, 'a secret of enough length')
  assert.throws(() => readEnv(spec, { KEY_FILE: join(dir, 'none') }), /KEY_FILE .*ENOENT/)
  assert.throws(
    () => readEnv(spec, { KEY_FILE: short }),
    (error) => error instanceof HoldfastError && /KEY_FILE names/.test(error.message) && !/hunter2/.test(error.message),
  )
})
