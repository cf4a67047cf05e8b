/** A headless Chromium on a stack's console. */
import { launch, noBrowser } from '@holdfast/console/chromium'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import type { Stack } from './stack.ts'

export const browserIsMissing = noBrowser(process.env.CI)

/** xterm.js then draws text into the DOM, where a test can read it. */
export const launchBrowser = (): Promise<Browser> => launch('--disable-3d-apis')

/** A page that is signed in and shows the list of sessions. */
export const openConsole = async (
  browser: Browser,
  { url, key }: Pick<Stack, 'url' | 'key'>,
  options: BrowserContextOptions = { viewport: { width: 1200, height: 800 } },
): Promise<Page> => {
  const page = await browser.newPage(options)
  await page.goto(url)
  await page.getByLabel(/key/i).fill(key)
  await page.keyboard.press('Enter')
  return page
}
