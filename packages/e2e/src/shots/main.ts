/** `npm run shots [name …]`: pictures of the console's pages on a real Holdfast, in three sizes, light and dark, under packages/e2e/shots. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext } from 'playwright-core'
import { launchBrowser } from '../../test/support/browser.ts'
import { type Stack, startStack } from '../../test/support/stack.ts'
import { fill } from './content.ts'
import { SHOTS } from './shots.ts'

const DIR = join(import.meta.dirname, '../../shots')
const SIZES = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
  { width: 390, height: 844 },
] as const

const signedIn = async (browser: Browser, { url, key }: Stack, options: object): Promise<BrowserContext> => {
  const context = await browser.newContext(options)
  context.setDefaultTimeout(20_000)
  await context.request.post(`${url}/login`, { data: { key }, headers: { origin: url } })
  return context
}

const stack = await startStack('process')
const browser = await launchBrowser()
// What is under way then fails, and everything is taken down.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void browser.close())
try {
  mkdirSync(DIR, { recursive: true })
  const sessions = await fill(stack.client)
  const wanted = process.argv.slice(2)
  for (const size of SIZES)
    for (const colorScheme of ['light', 'dark'] as const)
      for (const { name, take } of SHOTS.filter((shot) => wanted.length === 0 || wanted.includes(shot.name))) {
        const phone = size.width < 700
        const context = await signedIn(browser, stack, {
          viewport: size,
          colorScheme,
          hasTouch: phone,
          isMobile: phone,
        })
        const page = await context.newPage()
        await take(page, { url: stack.url, client: stack.client, sessions })
        const path = join(DIR, `${name}-${size.width}-${colorScheme}.png`)
        await page.screenshot({ path })
        process.stdout.write(`${path}\n`)
        await context.close()
      }
} finally {
  await browser.close()
  await stack.destroy()
}
