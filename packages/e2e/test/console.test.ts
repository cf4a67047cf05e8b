/** The console on a real Holdfast: what a person does all day, in a browser. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Session } from '@holdfast/protocol'
import type { Browser, Page } from 'playwright-core'
import { browserIsMissing, launchBrowser, openConsole } from './support/browser.ts'
import { type Stack, startStack, until } from './support/stack.ts'

/** A shell that marks its commands by variables alone; see docs/shell-integration.md. */
const SHELL = {
  command: 'bash',
  args: ['--norc', '--noprofile'],
  env: {
    PS0: '\\[\\e]133;C\\a\\]',
    PS1: '\\[\\e]133;A\\a\\]$ \\[\\e]133;B\\a\\]',
    PROMPT_COMMAND: 'printf "\\e]133;D;%s\\a" "$?"',
  },
}

describe('the console on a real Holdfast', { skip: browserIsMissing }, () => {
  let stack: Stack
  let browser: Browser
  const pages: Page[] = []
  before(async () => {
    stack = await startStack('process')
    browser = await launchBrowser()
  })
  after(async () => {
    await browser?.close()
    await stack?.destroy()
  })

  const create = (name: string): Promise<Session> => stack.client.createSession({ ...SHELL, name })
  const screen = (page: Page, text: string): Promise<void> =>
    page.locator('.pane:not([hidden]) .xterm-rows', { hasText: text }).first().waitFor({ timeout: 20_000 })
  const open = async (path: string): Promise<Page> => {
    const page = await openConsole(browser, stack)
    pages.push(page)
    await page.getByRole('heading', { name: 'Sessions' }).waitFor()
    await page.goto(`${stack.url}/${path}`)
    return page
  }

  test('sessions come into the list by themselves, and many are ended with the keyboard', async () => {
    const page = await open('')
    await page.getByText('No sessions yet').waitFor()
    const made = await Promise.all(['one', 'two', 'three'].map(create))
    for (const { name } of made) await page.getByRole('link', { name, exact: true }).waitFor()
    await page.keyboard.press('a')
    await page.getByText('3 selected').waitFor()
    await page.keyboard.press('e')
    await page.getByText('Ending 3 sessions').waitFor()
    assert.equal((await stack.client.listSessions()).sessions.length, 3, 'not before the time to undo is over')
    await page.getByText('No sessions yet').waitFor({ timeout: 30_000 })
    assert.equal((await stack.client.listSessions()).sessions.length, 0)
  })

  test('a shell tells how its commands end, and goes on under an open page when the gateway is killed', async () => {
    const { id } = await create('work')
    const page = await open(`#/s/${id}`)
    await screen(page, '$')
    await page.keyboard.type('ls /no-such-place; (exit 7)\n')
    const failed = page.locator('.command-mark[data-end=failed]')
    await failed.waitFor()
    assert.equal(await failed.textContent(), '7')
    await page.keyboard.type('kept=yes\n')
    await page.getByText(/\d+(\.\d)? ms/).waitFor()
    await stack.crash('gateway')
    await page.getByText(/Reconnecting/).waitFor()
    await page.keyboard.type('echo still-$kept\n')
    await screen(page, 'still-yes')
    await page.reload()
    await screen(page, 'still-yes')
  })

  test('two browsers share a session and hand control over', async () => {
    const { id } = await create('shared')
    const [first, second] = [await open(`#/s/${id}`), await open(`#/s/${id}`)]
    await first.getByText('1 other viewer').waitFor()
    await second.getByText('You have control').waitFor()
    await first.getByRole('button', { name: 'Take control' }).click()
    await first.getByText('You have control').waitFor()
    await second.getByRole('button', { name: 'Take control' }).waitFor()
    await first.getByRole('button', { name: 'Give up control' }).click()
    await second.getByText('You have control').waitFor()
  })

  test('a read-only link works without an account, types nothing, and opens nothing else', async () => {
    const { id } = await create('watched')
    const page = await open(`#/s/${id}`)
    await screen(page, '$')
    await page.getByRole('button', { name: 'Share' }).click()
    await page.getByRole('button', { name: 'Make the link' }).click()
    const link = await page.getByLabel('Link').inputValue()
    const guest = await browser.newPage()
    await guest.goto(link)
    await guest.getByText('Attached, read-only').waitFor()
    await guest.keyboard.type('touch /tmp/guest-was-here\n')
    await stack.client.input(id, 'echo by-the-owner\r')
    await screen(guest, 'by-the-owner')
    const text = await stack.client.screen(id, 'text')
    assert.doesNotMatch(text, /guest-was-here/)
    const { ticket } = await stack.client.createTicket(id, { mode: 'ro' })
    const once = `${stack.url}/#/w/${id}/${ticket}`
    await guest.goto(once)
    await guest.getByText('Attached, read-only').waitFor()
    await guest.reload()
    await guest.getByText('Not let in: the link is no longer good').waitFor()
    await guest.goto(`${stack.url}/#/`)
    await guest.reload()
    await guest.getByLabel('API key').waitFor()
  })

  test('after twenty megabytes of output the page shows its end and goes on', async () => {
    const { id } = await create('flood')
    const page = await open(`#/s/${id}`)
    await screen(page, '$')
    await page.keyboard.type('head -c 20000000 /dev/urandom | base64 -w 100; echo flood-is-over\n')
    await until('the end', async () => (await stack.client.screen(id, 'text')).includes('flood-is-over\n'), 90_000)
    await screen(page, 'flood-is-over')
    await page.keyboard.type('echo and-on-$((40 + 2))\n')
    await screen(page, 'and-on-42')
  })
})
