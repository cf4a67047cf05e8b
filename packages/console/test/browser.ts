/** Pages of the console in a browser, watched for errors. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

export interface Tab {
  page: Page
  /** What the page complained about: uncaught errors, and whatever the security policy blocked. */
  complaints: string[]
  close(): Promise<void>
}

export type TabOptions = BrowserContextOptions & { webgl?: boolean }

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
  { webgl = false, ...options }: TabOptions = {},
): Promise<Tab> => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
  context.setDefaultTimeout(30_000)
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
