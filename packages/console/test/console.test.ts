/** The console's pages in a real browser, against a stand-in for the services. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { noBrowser } from './chromium.ts'
import { fakeSession } from './fake-session.ts'
import { browserFixture, ID, linkSays, signIn, until } from './fixture.ts'

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

  test('rows in view tell what their session uses, and its last command', async () => {
    const command = { id: 4, command: 'make test', cwd: '/', exitCode: 2, start: 0, end: 9 }
    const ended = { ...command, state: 'ended' as const, startedAt: '', endedAt: '' }
    const resources = { cpuMs: 1000, memoryBytes: 90 << 20, processes: 3 }
    it.server.add(fakeSession({ id: ID, name: 'build', resources, commands: [ended] }))
    it.server.add(fakeSession({ id: 'local-bbbbbbbbbbbbbb', name: 'mute' }))
    const page = await it.openSignedIn()
    const row = page.getByRole('row', { name: 'build' })
    await row.getByText('90 MiB').waitFor()
    await row.getByText('$ make test ✗ 2').waitFor()
    it.server.sessions.set(ID, fakeSession({ id: ID, name: 'build', resources: { ...resources, cpuMs: 1e9 } }))
    await row.getByText(/\d{4,} % CPU/).waitFor()
    assert.equal(await page.getByRole('row', { name: 'mute' }).getByText('MiB').count(), 0)
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

  test('sessions are ended after the time to undo, and not before', async () => {
    const ids = ['local-aaaaaaaaaaaaaa', 'local-bbbbbbbbbbbbbb', 'local-cccccccccccccc']
    for (const [index, id] of ids.entries()) it.server.add(fakeSession({ id, name: `build ${index}` }))
    const page = await it.openSignedIn()
    await page.clock.install()
    await page.clock.pauseAt(Date.now() + 60_000) // else the time of this machine would pass, too
    await page.getByLabel('Select build 0').click()
    await page.getByLabel('Select build 2').click()
    await page.getByRole('button', { name: 'End them' }).click()
    await page.getByText('Ending 2 sessions').waitFor()
    await page.clock.runFor(5000)
    assert.equal(it.server.sessions.size, 3)
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.clock.runFor(60_000)
    assert.equal(it.server.sessions.size, 3)
    await page.getByRole('button', { name: 'End build 1' }).click()
    await page.clock.runFor(7000)
    await until(() => it.server.sessions.size === 2, 'ended')
    assert.ok(!it.server.sessions.has(ids[1] ?? ''))
    await page.getByRole('link', { name: 'build 1' }).waitFor({ state: 'detached' })
  })

  test('everything in the list is done by keys', async () => {
    for (const letter of 'abcd') it.server.add(fakeSession({ id: `local-${letter.repeat(14)}`, name: `s-${letter}` }))
    const page = await it.openSignedIn()
    await page.getByRole('link', { name: 's-d' }).waitFor()
    const focus = (text: string): Promise<void> =>
      until(() => page.evaluate((want) => document.activeElement?.textContent === want, text), `focus on ${text}`)
    const names = await page.getByRole('row').getByRole('link').allTextContents()
    await page.keyboard.press('j')
    await focus(names[0] ?? '')
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await page.keyboard.press('G')
    await focus(names[3] ?? '')
    await page.keyboard.press('k')
    await focus(names[2] ?? '')
    await page.keyboard.press('x')
    await page.getByText('2 selected').waitFor()
    await page.keyboard.press('e')
    await page.getByText('Ending 2 sessions').waitFor()
    await page.keyboard.press('u')
    await page.getByText('Ending 2 sessions').waitFor({ state: 'detached' })
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard help' }).getByText('Next session').waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.press('/')
    await page.keyboard.type('s-b')
    await until(async () => (await page.getByRole('row').count()) === 2, 'one is left')
    await page.keyboard.press('Escape')
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox').waitFor()
    await page.keyboard.type('open s-c')
    await page.keyboard.press('Enter')
    await linkSays(page, 'Attached')
    assert.match(page.url(), /#\/s\/local-c+$/)
  })

  test('a label and a state narrow the list down', async () => {
    it.server.add(fakeSession({ id: ID, name: 'blue one', labels: { team: 'blue' } }))
    const agent = { name: 'claude-code', detector: 'claude-code@2', state: 'waiting', evidence: '❯ 1. Yes' } as const
    it.server.add(fakeSession({ id: 'local-bbbbbbbbbbbbbb', name: 'red one', labels: { team: 'red' }, agent }))
    const page = await it.openSignedIn()
    await page.getByText('claude-code waits for you').waitFor()
    await page.getByRole('button', { name: 'team=blue' }).click()
    await page.getByRole('link', { name: 'red one' }).waitFor({ state: 'detached' })
    await page.getByLabel('Filter sessions').fill('')
    await page.getByRole('button', { name: 'waiting for you' }).click()
    await page.getByRole('link', { name: 'blue one' }).waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'red one' }).waitFor()
  })

  test('of ten thousand sessions only those in view are drawn, and any is reached', async () => {
    for (let at = 0; at < 10_000; at++) {
      const createdAt = new Date(1e12 + at * 1000).toISOString()
      const id = `local-${String(at).padStart(14, '0')}`
      it.server.sessions.set(id, fakeSession({ id, name: `session ${at}`, createdAt }))
    }
    const page = await it.openSignedIn()
    await page.getByRole('link', { name: 'session 9999' }).waitFor()
    await page.keyboard.press('G')
    await page.getByRole('link', { name: 'session 0', exact: true }).waitFor()
    assert.ok((await page.getByRole('row').count()) < 60)
    await page.getByLabel('Filter sessions').fill('session 7770')
    await page.getByRole('link', { name: 'session 7770' }).waitFor()
    await until(async () => (await page.getByRole('table').getAttribute('aria-rowcount')) === '2', 'one and the head')
    it.server.change('local-00000000007770', { phase: 'stopping' })
    await page.getByRole('row', { name: 'session 7770' }).getByText('stopping').waitFor()
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
