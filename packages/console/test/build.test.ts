/** The built files: small, hashed, nothing inline. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { assetNames, buildConsole, firstLoadBytes } from './build.ts'

const FIRST_LOAD_LIMIT = 250 * 1024

test('the build is small, hashed and has nothing inline', async (t) => {
  const { dir, remove } = await buildConsole()
  t.after(remove)
  assert.ok((await firstLoadBytes(dir)) < FIRST_LOAD_LIMIT)
  const names = await assetNames(dir)
  for (const later of ['live', 'plot'])
    assert.ok(
      names.some((name) => name.startsWith(`${later}-`)),
      `${later} is a chunk`,
    )
  for (const name of names) assert.match(name, /-[\w-]{8}\.(js|css)$/)
  const html = await readFile(join(dir, 'index.html'), 'utf8')
  assert.doesNotMatch(html, /live-|plot-/)
  assert.doesNotMatch(html, /<style|style=|<script(?![^>]*src=)|\son\w+=/)
})
