/** A headless Chromium for tests: found or skipped with the reason, and its pages watched for errors. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

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

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS })

export interface Tab {
  page: Page
  /** What the page complained about: uncaught errors, and whatever the security policy blocked. */
  complaints: string[]
  close(): Promise<void>
}

/** As in a browser without a GPU: xterm.js then draws text into the DOM, where a test can read it. */
const withoutWebgl = (): void => {
  const original = HTMLCanvasElement.prototype.getContext
  HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, ...args: Parameters<typeof original>) {
    return args[0] === 'webgl2' ? null : original.apply(this, args)
  } as typeof original
}

/** A page with cookies of its own. */
export const openTab = async (
  browser: Browser,
  url: string,
  { webgl = false, ...options }: BrowserContextOptions & { webgl?: boolean } = {},
): Promise<Tab> => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
  context.setDefaultTimeout(15_000)
  if (!webgl) await context.addInitScript(withoutWebgl)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (/Content.Security.Policy/i.test(message.text())) complaints.push(message.text())
  })
  await page.goto(url)
  return { page, complaints, close: () => context.close() }
}
