/** The wall in a real browser: screens of those in view, safe, in colour, and a way in. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { assertAccessible } from './accessible.ts'
import { noBrowser } from './chromium.ts'
import { fakeSession } from './fake-session.ts'
import { browserFixture, ID, linkSays, until } from './fixture.ts'

const fill = (add: (id: string, name: string) => void, count: number): void => {
  for (let at = 0; at < count; at++) add(`local-${String(at).padStart(14, '0')}`, `session ${at}`)
}

suite('the wall in a browser', { skip: noBrowser(process.env.CI) }, () => {
  const it = browserFixture()

  test('a screen is drawn as text in its colours, whatever it says, and a click opens it', async () => {
    it.server.add(fakeSession({ id: ID, name: 'build', cols: 40, rows: 5 }))
    it.server.screens.set(ID, 'ok \x1b[31m<img src=x onerror=alert(1)>\x1b[0m\r\n\x1b[48;2;1;2;3mblue')
    const page = await it.openSignedIn('#/wall')
    const card = page.getByRole('link', { name: 'build running' })
    const hostile = card.getByText('<img src=x onerror=alert(1)>')
    await hostile.waitFor()
    assert.equal(await hostile.evaluate((span) => getComputedStyle(span).color), 'rgb(179, 38, 30)')
    const blue = card.getByText('blue')
    assert.equal(await blue.evaluate((span) => getComputedStyle(span).backgroundColor), 'rgb(1, 2, 3)')
    it.server.screens.set(ID, 'another one')
    await card.getByText('another one').waitFor()
    await card.click()
    await linkSays(page, 'Attached')
  })

  test('of two hundred only those in view are asked for; scrolling and filtering bring others', async () => {
    fill((id, name) => it.server.sessions.set(id, fakeSession({ id, name })), 200)
    const page = await it.openSignedIn('#/wall')
    await page.locator('.thumbnail').first().waitFor()
    const cards = page.locator('.wall-card')
    await until(
      async () => (await page.locator('.thumbnail').count()) === (await cards.count()),
      'all in view are drawn',
    )
    const seen = new Set(it.server.screensAsked)
    assert.ok(seen.size < 40, `${seen.size} were asked for`)
    const lastName = await cards.last().textContent()
    await page.keyboard.press('G')
    await until(async () => (await cards.last().textContent()) !== lastName, 'the end is in view')
    await until(() => new Set(it.server.screensAsked).size > seen.size, 'others are asked for')
    await page.getByLabel('Filter sessions').fill('no-such-session')
    await page.getByText('No session matches').waitFor()
    await page.getByLabel('Filter sessions').fill('local-00000000000077')
    await until(async () => (await cards.count()) === 1, 'one is left')
    await page.getByRole('link', { name: 'session 77 running' }).getByText('the last line').waitFor()
  })

  test('arrows go from card to card, and Enter opens one', async () => {
    fill((id, name) => it.server.add(fakeSession({ id, name })), 9)
    const page = await it.openSignedIn('#/wall')
    const cards = page.locator('.wall-card')
    await cards.nth(8).waitFor()
    const addresses = await cards.evaluateAll((all) => all.map((card) => card.getAttribute('href')))
    const focus = (at: number): Promise<void> =>
      until(
        () => page.evaluate((want) => document.activeElement?.getAttribute('href') === want, addresses[at]),
        `focus on card ${at}`,
      )
    await page.keyboard.press('ArrowRight')
    await focus(0)
    await page.keyboard.press('ArrowDown')
    await focus(4)
    await page.keyboard.press('ArrowLeft')
    await focus(3)
    await page.keyboard.press('Enter')
    await linkSays(page, 'Attached')
  })

  test('a session without a screen, and one whose screen is not kept, say so', async () => {
    it.server.add(fakeSession({ id: ID, name: 'waits', phase: 'pending' }))
    const page = await it.openSignedIn('#/wall')
    await page.getByText('It has no screen yet.').waitFor()
    assert.deepEqual(it.server.screensAsked, [])
    it.server.change(ID, { phase: 'running' })
    await page.getByText('the last line').waitFor()
  })

  test('axe finds nothing serious, light or dark, wide or narrow, and nothing sticks out', async () => {
    fill((id, name) => it.server.add(fakeSession({ id, name })), 3)
    it.server.add(fakeSession({ id: ID, name: 'broken', phase: 'failed', reason: 'lost: gone' }))
    const page = await it.openSignedIn('#/wall')
    await page.locator('.thumbnail').first().waitFor()
    await assertAccessible(page)
  })
})
