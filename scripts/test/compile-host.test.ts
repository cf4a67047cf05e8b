/** A built session host starts with compiled code, and without it where that is missing or broken; its text is one byte a character. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

const BUILT = join(import.meta.dirname, '../../services/session/dist')
const dir = mkdtempSync(join(tmpdir(), 'hf-built-'))
const dist = join(dir, 'dist')
cpSync(BUILT, dist, { recursive: true })
after(() => rmSync(dir, { recursive: true }))

/** Starts it under the options it has in an image; resolves with its first line, and whether V8 took the compiled code. */
const start = async () => {
  const code = `const { cachedDataRejected } = require(${JSON.stringify(join(dist, 'main.cjs'))}); console.error(cachedDataRejected)`
  const child = spawn(process.execPath, ['--max-semi-space-size=1', '-e', code], {
    env: { HOLDFAST_HOST_ID: 'h', HOLDFAST_HOST_KEY: '00', HOLDFAST_LISTEN: `unix:${join(dir, 's')}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [[rejected], [line]] = await Promise.all([once(child.stderr, 'data'), once(child.stdout, 'data')])
  child.kill('SIGTERM')
  await once(child, 'close')
  return { rejected: String(rejected).trim(), says: JSON.parse(String(line)).msg as string }
}

test('the compiled code is taken', async () => {
  assert.deepEqual(await start(), { rejected: 'false', says: 'listening' })
})

test('broken compiled code is passed over, and so is none', async () => {
  const file = join(dist, 'host.compiled')
  writeFileSync(file, readFileSync(file).subarray(0, 1000))
  assert.deepEqual(await start(), { rejected: 'true', says: 'listening' })
  rmSync(file)
  assert.deepEqual(await start(), { rejected: 'undefined', says: 'listening' })
})

test('no character of the bundle is beyond Latin-1', () => {
  assert.doesNotMatch(readFileSync(join(dist, 'host.cjs'), 'utf8'), /[^\0-\xff]/)
})
