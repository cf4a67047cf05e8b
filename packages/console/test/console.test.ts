/** The console's pages in a real browser, against a stand-in for the services. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { noBrowser } from './chromium.ts'
import { fakeSession } from './fake-session.ts'
import { browserFixture, ID, linkSays, screenHas, signIn, until } from './fixture.ts'

suite('the console in a browser', { skip: noBrowser(process.env.CI) }, () => {
  const it = browserFixture()

  test('signing in takes the key once and keeps it nowhere', async () => {
    const page = await it.open()
    await page.getByLabel('API key').fill('hf_wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').filter({ hasText: 'not known' }).waitFor()
    await signIn(page)
    await page.getByRole('heading', { name: 'Sessions' }).waitFor()
    const kept = await page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
    )
    assert.equal(kept, '[{},{},""]')
    await page.reload()
    await page.getByRole('heading', { name: 'Sessions' }).waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('API key').waitFor()
  })

  test('the list shows sessions, follows events, filters, and shows names as text', async () => {
    const name = '<img src=x onerror=alert(1)>'
    it.server.add(fakeSession({ id: ID, name, viewers: 2, command: 'vim', args: ['my file.txt'] }))
    it.server.add(fakeSession({ id: 'local-bbbbbbbbbbbbbb', name: 'other', phase: 'exited', exitCode: 3 }))
    const page = await it.openSignedIn()
    const row = page.getByRole('row', { name })
    for (const text of [ID, 'running', "vim 'my file.txt'", 'shell', '80×24'])
      await row.getByText(text, { exact: true }).waitFor()
    await row.getByRole('cell', { name: '2', exact: true }).waitFor()
    await page.getByText('exited 3').waitFor()
    await until(() => it.server.eventStreams === 1, 'page listens to events')
    it.server.change(ID, { phase: 'stopping' })
    await row.getByText('stopping').waitFor()
    it.server.change('local-cccccccccccccc', { name: 'newcomer' })
    await page.getByRole('link', { name: 'newcomer' }).waitFor()
    await page.getByLabel('Filter sessions').fill('newc')
    await row.waitFor({ state: 'detached' })
    assert.equal(await page.getByRole('row').count(), 2, 'the head and one row')
  })

  test('without events the list polls and says so', async () => {
    it.server.add(fakeSession({ id: ID, name: 'build' }))
    const page = await it.openSignedIn()
    await until(() => it.server.eventStreams === 1, 'page listens to events')
    it.server.eventsDown = true
    it.server.dropEvents()
    await page.getByText('No live events').waitFor()
    it.server.add(fakeSession({ id: 'local-bbbbbbbbbbbbbb', name: 'polled' }))
    await page.getByRole('link', { name: 'polled' }).waitFor()
    it.server.eventsDown = false
    await page.getByText('Live', { exact: true }).waitFor()
  })

  test('ending a session asks first', async () => {
    it.server.add(fakeSession({ id: ID, name: 'build' }))
    const page = await it.openSignedIn()
    await page.getByRole('button', { name: 'End build' }).click()
    await page.getByRole('button', { name: 'Keep it' }).click()
    assert.ok(it.server.sessions.has(ID))
    await page.getByRole('button', { name: 'End build' }).click()
    await page.getByRole('button', { name: 'End session' }).click()
    await page.getByText('No sessions yet').waitFor()
    assert.ok(!it.server.sessions.has(ID))
  })

  test('a new session opens its terminal', async () => {
    const page = await it.openSignedIn('#/new')
    await page.getByLabel('Template').selectOption('node')
    await page.getByLabel('Command').fill(`node -e "console.log('hi there')"`)
    await page.getByLabel('Name').fill('mine')
    await page.getByRole('button', { name: 'Start session' }).click()
    await linkSays(page, 'Attached')
    await screenHas(page, '$')
    const session = [...it.server.sessions.values()].find((candidate) => candidate.name === 'mine')
    assert.deepEqual([session?.command, session?.args], ['node', ['-e', "console.log('hi there')"]])
    assert.equal(session?.template, 'node')
    assert.match(page.url(), new RegExp(`#/s/${session?.id}$`))
  })

  test('an expired sign-in leads to the login page and back to the same place', async () => {
    const { page } = await it.openTerminal()
    await page.context().clearCookies()
    it.server.dropSockets()
    await page.getByText('Your sign-in has expired').waitFor()
    await signIn(page)
    await linkSays(page, 'Attached')
  })
})
