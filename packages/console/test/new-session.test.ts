/** The page that starts a session: its form, made from the server's description, and ways to say it again. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createSessionSchema } from '@holdfast/protocol'
import type { Page } from 'playwright-core'
import { bodyOf, fieldsOf, nameOf, type Schema, standardOf } from '../src/new/schema-fields.ts'
import { noBrowser } from './chromium.ts'
import { fakeSession } from './fake-session.ts'
import { browserFixture, ID, linkSays, screenHas, until } from './fixture.ts'

const FIELDS = fieldsOf(createSessionSchema as Schema, ['template', 'command', 'args', 'resume', 'continues'])
const kindOf = (name: string) => FIELDS.find((field) => nameOf(field) === name)?.kind

test('each property of a create has its field', () => {
  assert.deepEqual(
    ['cwd', 'env', 'cols', 'limits.cpus', 'idleAction', 'labels', 'args', 'continues.screen'].map(kindOf),
    ['text', 'entries', 'number', 'number', 'choice', 'entries', undefined, undefined],
  )
})

test('what is left empty is left out; numbers, choices and entries are what the API takes', () => {
  const texts: Record<string, string> = {
    'limits.memoryMb': '512',
    'limits.cpus': '0.5',
    idleAction: 'suspend',
    env: 'A=1\n\n B=x=y z ',
    cwd: ' ',
  }
  const body = bodyOf(FIELDS, (name) => texts[name] ?? '')
  assert.deepEqual(body, {
    limits: { memoryMb: 512, cpus: 0.5 },
    idleAction: 'suspend',
    env: { A: '1', B: 'x=y z ' },
  })
  assert.throws(() => bodyOf(FIELDS, (name) => (name === 'labels' ? 'team' : '')), /labels: “team”/)
})

test('the template tells what applies otherwise, but no variables', () => {
  const template = { name: 't', command: ['sh'], limits: { cpus: 2 }, env: { SECRET: '' } }
  const standard = (name: string) => standardOf(FIELDS.find((field) => nameOf(field) === name) as never, template)
  assert.deepEqual(['limits.cpus', 'limits.memoryMb', 'env'].map(standard), ['2', '', ''])
})

suite('the new-session page in a browser', { skip: noBrowser(process.env.CI) }, () => {
  const it = browserFixture()
  /** Before, a session would be asked for without one. */
  const templates = (page: Page): Promise<void> =>
    until(async () => (await page.getByLabel('Template').inputValue()) === 'shell', 'the templates are there')

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

  test('all else that can be chosen comes from the server’s description; a link fills it in again', async () => {
    const page = await it.openSignedIn('#/new', { permissions: ['clipboard-read', 'clipboard-write'] })
    await page.getByText('More: directory').click()
    await page.getByLabel('limits.memoryMb').fill('512')
    await page.getByLabel('idleAction').selectOption('suspend')
    await page.getByLabel('labels').fill('team=web')
    await page.getByLabel('env').fill('no entry')
    await page.getByRole('button', { name: 'Start session' }).click()
    await page.getByRole('alert').filter({ hasText: 'env: “no entry” is not of the form name=value' }).waitFor()
    await page.getByLabel('env').fill('TOKEN=secret')
    await page.getByRole('button', { name: 'Copy link' }).click()
    await page.getByRole('button', { name: 'Link copied' }).waitFor()
    const link = await page.evaluate(() => navigator.clipboard.readText())
    assert.doesNotMatch(link, /secret/)
    await page.goto('about:blank') // where the form of before would still be filled in
    await page.goto(link)
    await templates(page)
    await until(async () => (await page.getByLabel('limits.memoryMb').inputValue()) === '512', 'filled in')
    await page.getByRole('button', { name: 'Start session' }).click()
    await linkSays(page, 'Attached')
    const wanted = { limits: { memoryMb: 512 }, idleAction: 'suspend', labels: { team: 'web' } }
    assert.deepEqual(it.server.asked, [{ template: 'shell', ...wanted }])
  })

  test('another session like one of the list is a key away, and what ran before is offered', async () => {
    it.server.add(fakeSession({ id: ID, name: 'build', command: 'make', args: ['all it takes'] }))
    const page = await it.openSignedIn()
    await page.getByRole('link', { name: 'build' }).waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('r')
    await until(async () => (await page.getByLabel('Command').inputValue()) === "make 'all it takes'", 'filled in')
    await templates(page)
    assert.equal(await page.locator('datalist option').getAttribute('value'), "make 'all it takes'")
    await page.getByRole('button', { name: 'Start session' }).click()
    await linkSays(page, 'Attached')
    assert.deepEqual(it.server.asked, [{ template: 'shell', command: 'make', args: ['all it takes'] }])
  })
})
