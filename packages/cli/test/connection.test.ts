import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ConfigurationError, findConnection } from '../src/connection.ts'
import { contextsPath, writeContexts } from '../src/contexts.ts'
import { placeOf } from '../src/place.ts'
import { holdfast } from './harness.ts'

let home: string
const FILE = { url: 'http://127.0.0.1:4000', key: 'hf_file' }
const write = (path: string, content: string): string => {
  const whole = join(home, path)
  mkdirSync(join(whole, '..'), { recursive: true })
  writeFileSync(whole, content)
  return whole
}
before(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-cli-'))
})
after(() => rmSync(home, { recursive: true }))

test('the environment comes first', () => {
  const env = { HOLDFAST_URL: 'https://h.example/x', HOLDFAST_KEY: 'hf_env', HOLDFAST_CONFIG: '/nonexistent' }
  assert.deepEqual(findConnection(env), { url: 'https://h.example/x', key: 'hf_env' })
})

test('then HOLDFAST_CONFIG, then $XDG_DATA_HOME, then ~/.local/share', () => {
  const named = write('named.json', JSON.stringify(FILE))
  assert.deepEqual(findConnection({ HOLDFAST_CONFIG: named }), FILE)
  write('xdg/holdfast/client.json', JSON.stringify({ ...FILE, key: 'hf_xdg' }))
  assert.equal(findConnection({ XDG_DATA_HOME: join(home, 'xdg') })?.key, 'hf_xdg')
  write('.local/share/holdfast/client.json', JSON.stringify({ ...FILE, key: 'hf_home' }))
  assert.equal(findConnection({ HOME: home })?.key, 'hf_home')
})

test('a key in the environment replaces the one of the file, but the key of the file never goes to another URL', () => {
  const named = write('named.json', JSON.stringify(FILE))
  assert.deepEqual(findConnection({ HOLDFAST_CONFIG: named, HOLDFAST_KEY: 'hf_env' }), { ...FILE, key: 'hf_env' })
  assert.throws(() => findConnection({ HOLDFAST_CONFIG: named, HOLDFAST_URL: 'http://evil' }), /HOLDFAST_KEY is not/)
})

test('what is wrong with the configuration is said with its source', () => {
  const cases: [NodeJS.ProcessEnv, RegExp][] = [
    [{ HOLDFAST_CONFIG: write('broken.json', '{') }, /broken\.json is not JSON/],
    [{ HOLDFAST_CONFIG: write('empty.json', 'null') }, /empty\.json should hold/],
    [{ HOLDFAST_CONFIG: write('half.json', '{"url":"http://a"}') }, /half\.json should hold/],
    [{ HOLDFAST_CONFIG: home }, /cannot read/],
    [{ HOLDFAST_URL: 'localhost:80', HOLDFAST_KEY: 'k' }, /HOLDFAST_URL: "localhost:80" is not an http/],
  ]
  for (const [env, message] of cases)
    assert.throws(
      () => findConnection(env),
      (error) => error instanceof ConfigurationError && message.test(error.message),
    )
})

test('nothing configured: what needs a gateway says how to have one; the rest works with tmux', async () => {
  const { exitCode, err } = await holdfast(['usage'])
  assert.equal(exitCode, 1)
  assert.match(
    err,
    /^holdfast: no gateway is configured; run `npm start`.*holdfast login.*HOLDFAST_URL and HOLDFAST_KEY/,
  )
  assert.deepEqual(placeOf({ HOME: '/nonexistent' }, {}), { mode: 'simple' })
})

test('the context in use comes before what `npm start` wrote, and flags and environment before it', () => {
  const env = { HOME: home, XDG_CONFIG_HOME: join(home, 'config') }
  const far = { mode: 'hybrid', url: 'https://far', key: 'hf_far' } as const
  write('.local/share/holdfast/client.json', JSON.stringify(FILE))
  assert.deepEqual(placeOf(env, {}), { mode: 'distributed', ...FILE })
  writeContexts(env, { current: 'far', contexts: { far, near: { mode: 'simple' } } })
  assert.equal(statSync(contextsPath(env)).mode & 0o777, 0o600)
  assert.deepEqual(placeOf(env, {}), far)
  assert.deepEqual(placeOf(env, { mode: 'distributed' }), { ...far, mode: 'distributed' })
  assert.deepEqual(placeOf({ ...env, HOLDFAST_CONTEXT: 'far' }, { context: 'near' }), { mode: 'simple' })
  assert.deepEqual(placeOf({ ...env, HOLDFAST_CONTEXT: 'near' }, {}), { mode: 'simple' })
  assert.equal(placeOf({ ...env, HOLDFAST_URL: 'http://a', HOLDFAST_KEY: 'k' }, {}).url, 'http://a')
  assert.throws(() => placeOf(env, { context: 'none' }), /no context "none"; there are: far, near/)
  assert.throws(() => placeOf(env, { mode: 'tmux' }), /--mode takes one of simple, distributed, hybrid/)
  writeFileSync(contextsPath(env), '{"contexts":{"a":{}}}')
  assert.throws(() => placeOf(env, {}), /does not hold contexts/)
})
