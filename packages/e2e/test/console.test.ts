/** The console on a real Holdfast: what a person does all day, in a browser. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { drop, imageHas, run } from '@holdfast/console/page'
import type { Session } from '@holdfast/protocol'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { browserIsMissing, launchBrowser, openConsole } from './support/browser.ts'
import { traceTasks } from './support/page-tasks.ts'
import { dockerIsMissing, type Stack, startStack, until } from './support/stack.ts'

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

describe('the console on a real Holdfast', { skip: browserIsMissing || dockerIsMissing }, () => {
  let stack: Stack
  let browser: Browser
  const pages: Page[] = []
  before(async () => {
    stack = await startStack('docker')
    browser = await launchBrowser()
  })
  after(async () => {
    await browser?.close()
    await stack?.destroy()
  })

  const create = (name: string): Promise<Session> => stack.client.createSession({ ...SHELL, name })
  const screen = (page: Page, text: string): Promise<void> =>
    page
      .locator('.pane:not([hidden]) .xterm-rows', { hasText: text })
      .first()
      .waitFor()
      .catch(async (error) => {
        throw new Error(`the page shows:\n${await page.locator('body').ariaSnapshot()}`, { cause: error })
      })
  const open = async (path: string, options?: BrowserContextOptions): Promise<Page> => {
    const page = await openConsole(browser, stack, options)
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
    await page.getByText('No sessions yet').waitFor({ timeout: 60_000 })
    await until('they are gone', async () => (await stack.client.listSessions()).sessions.length === 0)
  })

  test('a session is started, typed into, resized with the window, split, and is the same after a reload', async () => {
    const page = await open('#/new')
    await page.getByLabel('Command').fill('bash --norc')
    await page.getByLabel('Name').fill('first')
    await page.getByRole('button', { name: 'Start session' }).click()
    await screen(page, '$')
    const [session] = (await stack.client.listSessions()).sessions
    const { id } = session ?? (await create('never'))
    const size = async () => {
      const { cols, rows } = await stack.client.getSession(id)
      return { cols, rows }
    }
    const before = await size()
    await page.setViewportSize({ width: 900, height: 600 })
    await until('a smaller size', async () => {
      const { cols, rows } = await size()
      return cols < before.cols && rows < before.rows
    })
    const { cols } = await size()
    await page.keyboard.type('tput cols; printf "\\033[31mred \\360\\237\\230\\200 end\\033[0m\\n"\n')
    await screen(page, `${cols}`)
    await screen(page, 'red 😀 end')
    const { id: other } = await create('second')
    await page.goto(`${stack.url}/#/s/${id}+${other}`)
    await page.getByRole('separator').waitFor()
    await until('half the width', async () => (await size()).cols < cols)
    const rows = () => page.locator('.pane .xterm-rows').allInnerTexts()
    // The prompt at the end: what was drawn again for the new size is all there.
    const shown = await until('both screens', async () => {
      const texts = await rows()
      return texts.length === 2 && texts.every((text) => text.trimEnd().endsWith('$')) && texts
    })
    await page.reload()
    await until('the same screens', async () => JSON.stringify(await rows()) === JSON.stringify(shown))
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
    // Looked for beforehand: it shows only until there is a gateway again.
    await Promise.all([page.getByText(/Reconnecting/).waitFor(), stack.crash('gateway')])
    await page.keyboard.type('echo still-$kept\n')
    await screen(page, 'still-yes')
    await page.reload()
    await screen(page, 'still-yes')
  })

  test('two browsers share a session and hand control over', async () => {
    const { id } = await create('shared')
    const first = await open(`#/s/${id}`)
    await screen(first, '$')
    const second = await open(`#/s/${id}`)
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
    await guest.goto('about:blank') // where the words of the link before would still stand
    await guest.goto(once)
    await guest.getByText('Attached, read-only').waitFor()
    await guest.reload()
    await guest.getByText('Not let in: the link is no longer good').waitFor()
    await guest.goto(`${stack.url}/#/`)
    await guest.reload()
    await guest.getByLabel('API key').waitFor()
  })

  test('a file that is dropped is in the container, and one of the container is downloaded', async () => {
    const { id } = await create('files')
    const page = await open(`#/s/${id}`)
    await screen(page, '$')
    await drop(page, 'notes.txt', 'by drop\n'.repeat(1_000_000))
    await page.getByRole('list', { name: 'Uploads' }).getByText('uploaded, 7.6 MiB').waitFor()
    await page.keyboard.type('sort -u notes.txt | tee unique.txt; [ -O notes.txt ] && echo mine-$((40 + 2))\n')
    await screen(page, 'by drop')
    await screen(page, 'mine-42')
    const started = page.waitForEvent('download')
    await run(page, 'Download a file')
    await page.getByLabel('Path').fill('unique.txt')
    await page.keyboard.press('Enter')
    assert.equal(readFileSync(await (await started).path(), 'utf8'), 'by drop\n')
  })

  test('an image that a command prints is drawn', async () => {
    const { id } = await create('image')
    const page = await open(`#/s/${id}`)
    await screen(page, '$')
    await page.keyboard.type("printf '\\033Pq#1;2;100;0;0#1!100~-#1!100~\\033\\\\'\n")
    await page.locator('canvas.xterm-image-layer').waitFor()
    await until('a red image', () => imageHas(page, 255, 0))
  })

  test('on a phone the session fits, and keys that its keyboard lacks are typed from the bar', async () => {
    const { id } = await create('pocket')
    const page = await open(`#/s/${id}`, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })
    await screen(page, '$')
    await until('the width of the phone', async () => (await stack.client.getSession(id)).cols < 60)
    await page.locator('.pane .xterm-screen').tap()
    await page.keyboard.type('sleep 1000\n')
    // Its echo alone would not do: Ctrl+C throws away an Enter that has not been read.
    await until('it runs', async () => (await stack.client.getSession(id)).commands?.at(-1)?.state === 'started')
    await page.getByRole('button', { name: 'Ctrl C' }).tap()
    await page.getByText('130').waitFor()
    await page.getByRole('button', { name: 'Up', exact: true }).tap()
    await page.keyboard.type('\u007f\u007f\u007f\n') // `sleep 1`
    await until('its end', async () => {
      const { commands = [] } = await stack.client.getSession(id)
      return commands.at(-1)?.state === 'ended' && commands.at(-1)?.exitCode === 0
    })
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390, 'nothing is cut off')
  })

  test('twenty megabytes of output never freeze the page, which then has the memory back', async (t) => {
    const { id } = await create('flood')
    const page = await open(`#/s/${id}`)
    await screen(page, '$')
    const tab = await page.context().newCDPSession(page)
    await tab.send('Performance.enable')
    const flood = async (word: string): Promise<number> => {
      await page.keyboard.type(`head -c 15000000 /dev/urandom | base64 -w 100; echo ${word}-$((40 + 2))\n`)
      await until('the end', async () => (await stack.client.screen(id, 'text')).includes(`${word}-42\n`), 90_000)
      await screen(page, `${word}-42`)
      await tab.send('HeapProfiler.collectGarbage')
      const { metrics } = await tab.send('Performance.getMetrics')
      return metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? Number.NaN
    }
    const tasks = await traceTasks(tab)
    const once = await flood('once') // the lines above the screen are all there
    const twice = await flood('twice')
    const { longestMs, cpuMs } = await tasks.longest()
    t.diagnostic(`longest task: ${cpuMs} ms of CPU in ${longestMs} ms; heap ${once} bytes, then ${twice}`)
    assert.ok(cpuMs < 200, `a task took ${cpuMs} ms of CPU time`)
    assert.ok(twice - once < 2 << 20, `${once} bytes before, ${twice} after`)
  })
})
