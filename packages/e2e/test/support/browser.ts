/** A headless Chromium on a stack's console. */
import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
import type { Stack } from './stack.ts'

const CHROMIUM = '/usr/bin/chromium'
const LAUNCH = [
  '--disable-3d-apis', // xterm.js then draws text into the DOM, where a test can read it
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
export const browserIsMissing = existsSync(CHROMIUM) || process.env.CI === 'true' ? false : `no browser at ${CHROMIUM}`

export const launchBrowser = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM, args: LAUNCH })

/** A page that is signed in and shows the list of sessions. */
export const openConsole = async (browser: Browser, { url, key }: Pick<Stack, 'url' | 'key'>): Promise<Page> => {
  const page = await browser.newPage({ viewport: { width: 1200, height: 800 } })
  await page.goto(url)
  await page.getByLabel(/key/i).fill(key)
  await page.keyboard.press('Enter')
  return page
}
