/** What the browser tests share: a browser, a fresh stand-in for each test, and the ways into the page. */
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Browser, Page } from 'playwright-core'
import { openTab, type Tab, type TabOptions } from './browser.ts'
import { type Built, buildConsole } from './build.ts'
import { launch } from './chromium.ts'
import type { EchoHost } from './echo-host.ts'
import { fakeSession } from './fake-session.ts'
import { KEY, StandIn } from './stand-in.ts'

export const ID = 'local-7f3k9m2q4x8v1a'

export const until = async (condition: () => boolean | Promise<boolean>, what: string): Promise<void> => {
  const deadline = Date.now() + 30_000
  while (!(await condition())) {
    if (Date.now() > deadline) assert.fail(`never: ${what}`)
    await delay(20)
  }
}

export const signIn = async (page: Page): Promise<void> => {
  await page.getByLabel('API key').fill(KEY)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** The terminal's visible text; without a GPU xterm.js draws into the DOM. */
export const screenHas = (page: Page, text: string): Promise<void> =>
  page.locator('.xterm-rows', { hasText: text }).waitFor({ state: 'visible' })

export const linkSays = (page: Page, text: string | RegExp): Promise<void> =>
  page.locator('.terminal-foot').getByRole('status').filter({ hasText: text }).waitFor()

export interface Fixture {
  readonly server: StandIn
  /** A tab of its own for this test, on a path like `#/new`. */
  open(path?: string, options?: TabOptions): Promise<Page>
  openSignedIn(path?: string, options?: TabOptions): Promise<Page>
  /** A session that is attached and shows its prompt. */
  openTerminal(options?: TabOptions): Promise<{ host: EchoHost; page: Page }>
}

/** Call inside a suite. After each test the page must not have complained, of errors or of its security policy. */
export const browserFixture = (): Fixture => {
  let built: Built
  let browser: Browser
  let server: StandIn
  let url: string
  let tab: Tab
  before(async () => {
    built = await buildConsole()
    browser = await launch()
  })
  after(async () => {
    await browser.close()
    await built.remove()
  })
  beforeEach(async () => {
    server = new StandIn(built.dir)
    url = await server.listen()
  })
  afterEach(async () => {
    await tab.close()
    await server.close()
    assert.deepEqual(tab.complaints, [])
  })
  const open: Fixture['open'] = async (path = '', options = {}) => {
    tab = await openTab(browser, `${url}/${path}`, options)
    return tab.page
  }
  const openSignedIn: Fixture['openSignedIn'] = async (path, options) => {
    const page = await open(path, options)
    await signIn(page)
    return page
  }
  const openTerminal: Fixture['openTerminal'] = async (options) => {
    const host = server.add(fakeSession({ id: ID, name: 'build' }))
    const page = await openSignedIn(`#/s/${ID}`, options)
    await linkSays(page, 'Attached')
    await screenHas(page, '$')
    return { host, page }
  }
  return {
    get server() {
      return server
    },
    open,
    openSignedIn,
    openTerminal,
  }
}
