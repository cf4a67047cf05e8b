/** Keys shown before their echo comes, in a real browser, against a host that is far away. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { noBrowser } from './chromium.ts'
import type { EchoHost } from './echo-host.ts'
import { fakeSession } from './fake-session.ts'
import { browserFixture, ID, linkSays, screenHas, until } from './fixture.ts'

const FAR_MS = 60
const RAW = { type: 'tty', echo: false, canonical: false } as const
const PASSWORD = { type: 'tty', echo: false, canonical: true } as const

suite('keys before their echo, in a browser', { skip: noBrowser(process.env.CI) }, () => {
  const it = browserFixture()
  const guess = (page: Page) => page.locator('.guess')
  const rows = (page: Page): Promise<string | null> => page.locator('.xterm-rows').textContent()

  /** The way is measured, the program reads key by key, and one echo has come where it was guessed. */
  const openFar = async (): Promise<{ host: EchoHost; page: Page }> => {
    const host = it.server.add(fakeSession({ id: ID, name: 'build' }))
    host.farMs = FAR_MS
    const page = await it.openSignedIn(`#/s/${ID}`)
    await linkSays(page, 'Attached')
    await page.getByText(/^\d+ ms$/).waitFor()
    host.tell(RAW)
    host.print('\r\n% ')
    await screenHas(page, '%')
    return { host, page }
  }
  /** Typed, and on its way to the host. */
  const type = async (host: EchoHost, page: Page, text: string): Promise<void> => {
    host.holds = true
    const before = host.held
    await page.keyboard.type(text)
    await until(() => host.held === before + text.length, 'on its way')
  }
  const openSure = async (): Promise<{ host: EchoHost; page: Page }> => {
    const far = await openFar()
    await type(far.host, far.page, 'a')
    assert.equal(await guess(far.page).count(), 0, 'nothing has come true yet')
    far.host.arrive()
    await screenHas(far.page, '% a')
    return far
  }

  test('letters are there before their echo, and are no part of the screen until it comes', async () => {
    const { host, page } = await openSure()
    await type(host, page, 'bc')
    await guess(page).getByText('c', { exact: true }).waitFor()
    assert.equal(await guess(page).textContent(), 'bc')
    assert.doesNotMatch((await rows(page)) ?? '', /% ab/)
    host.arrive()
    await screenHas(page, '% abc')
    await until(async () => (await guess(page).count()) === 0, 'the guess is gone')
    await type(host, page, 'd')
    await guess(page).waitFor()
    host.arrive()
    await screenHas(page, '% abcd')
  })

  test('a guess stands in the cells that its echo will have', async () => {
    const { host, page } = await openSure()
    await type(host, page, 'MW')
    await guess(page).filter({ hasText: 'MW' }).waitFor()
    const guessed = await guess(page).locator('u').last().boundingBox()
    host.arrive()
    await screenHas(page, '% aMW')
    const real = await page.locator('.xterm-rows span', { hasText: '% aMW' }).boundingBox()
    assert.ok(guessed && real)
    assert.ok(
      Math.abs(guessed.x + guessed.width - real.x - real.width) <= 1.5,
      `${guessed.x} in ${real.x} to ${real.width}`,
    )
    assert.ok(Math.abs(guessed.y - real.y) <= 3, `${guessed.y} for ${real.y}`)
  })

  test('a wrong guess vanishes', async () => {
    const { host, page } = await openSure()
    await type(host, page, 'x')
    await guess(page).waitFor()
    host.arrive('*')
    await screenHas(page, '% a*')
    await until(async () => (await guess(page).count()) === 0, 'gone')
    assert.doesNotMatch((await rows(page)) ?? '', /x/)
  })

  test('a password is never shown, whether or not the host has told in time', async () => {
    const { host, page } = await openSure()
    await page.keyboard.press('Enter')
    await until(() => host.typed.endsWith('\r'), 'entered')
    host.print('Password: ')
    await screenHas(page, 'Password:')
    await type(host, page, 'hunt')
    assert.equal(await guess(page).count(), 0)
    host.tell(PASSWORD)
    await type(host, page, 'er2')
    assert.equal(await guess(page).count(), 0)
    host.arrive('\r\nwelcome')
    await screenHas(page, 'welcome')
    assert.doesNotMatch((await rows(page)) ?? '', /hunt/)
  })

  test('the user may want it never, or always', async () => {
    const { host, page } = await openSure()
    const choose = async (when: string): Promise<void> => {
      await page.keyboard.press('Control+Shift+P')
      await page.getByRole('combobox').fill('before their echo')
      await page.keyboard.press('Enter')
      await page.getByRole('option', { name: when }).click()
      await page.locator('textarea:focus').waitFor({ state: 'attached' })
    }
    await choose('Never')
    await type(host, page, 'b')
    host.arrive()
    await screenHas(page, '% ab')
    await type(host, page, 'c')
    assert.equal(await guess(page).count(), 0)
    host.arrive()
    await screenHas(page, '% abc')
    await choose('Always')
    await type(host, page, 'd')
    host.arrive()
    await screenHas(page, '% abcd')
    await type(host, page, 'e')
    await guess(page).waitFor()
    host.arrive()
  })
})
