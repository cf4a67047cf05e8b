/** Debian's Chromium for tests: found, or skipped with the reason. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const CHROMIUM = '/usr/bin/chromium'
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** The reason to skip browser tests, or false. When `ci` is 'true' a missing browser is a failure instead. */
export const noBrowser = (ci: string | undefined): string | false => {
  if (existsSync(CHROMIUM)) return false
  assert.notEqual(ci, 'true', `${CHROMIUM} is missing, and CI=true demands the browser tests`)
  return `${CHROMIUM} is missing: apt-get install chromium`
}

export const launch = (...more: readonly string[]): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, args: [...ARGUMENTS, ...more] })
