/** Around the terminal in a real browser: tabs and splits, marks, search, paste, keys that are the shell's, a phone, links to share. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { accessFaults } from './accessible.ts'
import { noBrowser } from './chromium.ts'
import { fakeSession } from './fake-session.ts'
import { browserFixture, ID, screenHas, until } from './fixture.ts'

const OTHER = 'local-bbbbbbbbbbbbbb'
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }

const paste = async (page: Page, text: string): Promise<void> => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.evaluate((copied) => navigator.clipboard.writeText(copied), text)
  await page.keyboard.press('Control+Shift+V')
}

suite('around the terminal in a browser', { skip: noBrowser(process.env.CI) }, () => {
  const it = browserFixture()

  test('no key of the shell is taken by the page', async () => {
    const { host, page } = await it.openTerminal()
    let wanted = ''
    for (const letter of 'abcdefghijklmnopqrstuvwxyz') {
      await page.keyboard.press(`Control+${letter}`)
      wanted += String.fromCharCode(letter.charCodeAt(0) - 96)
    }
    for (const letter of 'bfdjk') {
      await page.keyboard.press(`Alt+${letter}`)
      wanted += `\x1b${letter}`
    }
    const keys = {
      F1: '\x1bOP',
      F5: '\x1b[15~',
      Escape: '\x1b',
      Tab: '\t',
      'Shift+Tab': '\x1b[Z',
      '/': '/',
      '?': '?',
      j: 'j',
    }
    for (const [key, sequence] of Object.entries(keys)) {
      await page.keyboard.press(key)
      wanted += sequence
    }
    await page.keyboard.press('Control+Shift+ArrowUp')
    wanted += '\x1b[1;6A'
    await until(() => host.typed.length >= wanted.length, 'typed')
    assert.equal(host.typed, wanted)
    assert.equal(await page.locator('dialog[open]').count(), 0)
  })

  test('a tab is split by keys, the border moves, a session is left, and a reload shows the same', async () => {
    it.server.add(fakeSession({ id: OTHER, name: 'other' }))
    const { page } = await it.openTerminal()
    await page.keyboard.press('Control+Shift+E')
    await page.getByRole('combobox').fill('other')
    await page.getByRole('option', { name: 'other' }).waitFor()
    await page.keyboard.press('Enter')
    await page.locator('.pane.here', { hasText: 'other' }).locator('textarea:focus').waitFor({ state: 'attached' })
    await page.keyboard.type('typed beside')
    await page.locator('.pane.here .xterm-rows', { hasText: 'typed beside' }).waitFor()
    assert.match(page.url(), new RegExp(`#/s/${ID}\\+${OTHER}$`))
    const width = async (): Promise<number> => (await page.locator('.pane').first().boundingBox())?.width ?? 0
    const before = await width()
    await page.getByRole('separator').focus()
    for (let times = 0; times < 5; times++) await page.keyboard.press('ArrowRight')
    await until(async () => Math.abs((await width()) - before) > 50, 'the border has moved')
    await page.reload()
    await page.locator('.pane .xterm-rows', { hasText: 'typed beside' }).waitFor()
    assert.equal(await page.locator('.pane').count(), 2)
    await page.getByRole('button', { name: 'Leave other' }).click()
    await until(async () => (await page.locator('.pane').count()) === 1, 'one is left')
    assert.match(page.url(), new RegExp(`#/s/${ID}$`))
  })

  test('a tab that is not shown stays attached, and comes back with what it got meanwhile', async () => {
    const other = it.server.add(fakeSession({ id: OTHER, name: 'other' }))
    const { host, page } = await it.openTerminal()
    await page.goto(page.url().replace(ID, OTHER))
    await until(() => other.viewers === 1, 'the other is attached')
    assert.equal(host.viewers, 1)
    host.print('while away')
    await page.keyboard.press('Control+Shift+<')
    await screenHas(page, 'while away')
    await page.keyboard.type('x')
    await until(() => host.typed === 'x', 'the keyboard is with it')
    await page.getByRole('button', { name: 'Close the tab other' }).click()
    await until(() => other.viewers === 0, 'left')
  })

  test('commands have marks with their exit code, and keys go from one to the next', async () => {
    const { host, page } = await it.openTerminal()
    const command = (line: string, output: string, code: number): string =>
      `\x1b]133;A\x07$ \x1b]133;B\x07${line}\r\n\x1b]133;C\x07${output}\x1b]133;D;${code}\x07`
    const many = Array.from({ length: 100 }, (_, at) => `line ${at}\r\n`).join('')
    host.print(`\r\n${command('true', '', 0)}${command('make', many, 2)}${command('seq', many, 0)}\x1b]133;A\x07$ `)
    await screenHas(page, 'line 99')
    await page.keyboard.press('Control+Shift+A')
    await screenHas(page, 'seq')
    await page.keyboard.press('Control+Shift+A')
    await screenHas(page, 'make')
    const failed = page.locator('.command-mark[data-end=failed]')
    await failed.waitFor()
    assert.equal(await failed.textContent(), '2')
    await page.keyboard.press('Control+Shift+B')
    await screenHas(page, 'seq')
    assert.equal(host.typed, '')
  })

  test('selection and screen are copied as HTML with their colours, harmless text and all', async () => {
    const { host, page } = await it.openTerminal()
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    host.print('<b>one</b> \x1b[31mred\x1b[0m &\r\nsecond\r\n')
    await screenHas(page, 'second')
    const copied = (type: string): Promise<string> =>
      page.evaluate(async (wanted) => {
        const [item] = await navigator.clipboard.read()
        return item?.types.includes(wanted) ? (await item.getType(wanted)).text() : ''
      }, type)
    const copy = async (said: string): Promise<string> => {
      await page.keyboard.press('Control+Shift+P')
      await page.getByRole('combobox').fill('Copy as HTML')
      await page.keyboard.press('Enter')
      await page.getByText(said).waitFor()
      return copied('text/html')
    }
    const screen = await copy('Copied the screen as HTML.')
    assert.match(screen, /&lt;b(>|&gt;)one.*color: ?#[\da-f]{6}[^>]*>red/is)
    assert.match(screen, /second/)
    assert.match(await copied('text/plain'), /^\$ <b>one<\/b> red &\nsecond/)
    const box = await page.locator('.xterm-rows span', { hasText: 'second' }).boundingBox()
    assert.ok(box)
    await page.mouse.dblclick(box.x + 8, box.y + box.height / 2)
    const selection = await copy('Copied the selection as HTML.')
    assert.match(selection, /second/)
    assert.doesNotMatch(selection, /one/)
    assert.equal(await copied('text/plain'), 'second')
  })

  test('text is found in what has scrolled away', async () => {
    const { host, page } = await it.openTerminal()
    host.print(`needle one\r\n${'hay\r\n'.repeat(200)}needle two\r\n`)
    await screenHas(page, 'needle two')
    await page.keyboard.press('Control+Shift+F')
    await page.getByLabel('Find in the terminal').fill('needle')
    await page.getByText('2 of 2').waitFor()
    await page.keyboard.press('Enter')
    await screenHas(page, 'needle one')
    await page.keyboard.press('Escape')
    await page.keyboard.type('q')
    await until(() => host.typed === 'q', 'the keyboard is back')
  })

  test('many lines are pasted only after a question, unless the program takes them as one piece', async () => {
    const { host, page } = await it.openTerminal()
    await paste(page, 'rm one\nrm two\n')
    await page.getByRole('dialog', { name: 'Paste' }).getByText('Paste 2 lines?').waitFor()
    assert.equal(host.typed, '')
    await page.getByRole('button', { name: 'Cancel' }).click()
    host.print('\x1b[?2004hbracketed')
    await screenHas(page, 'bracketed')
    await paste(page, 'one\ntwo')
    await until(() => host.typed !== '', 'pasted')
    assert.equal(host.typed, '\x1b[200~one\rtwo\x1b[201~')
  })

  test('a link tells where it leads, and opens without a word about this page', async () => {
    const { host, page } = await it.openTerminal()
    host.print(
      '\x1b]8;;https://example.org/real\x07pretended.example\x1b]8;;\x07 \x1b]8;;javascript:alert(1)\x07bad\x1b]8;;\x07',
    )
    await screenHas(page, 'pretended')
    await page.evaluate(() => {
      window.open = (...given) => {
        document.title = JSON.stringify(given)
        return null
      }
    })
    const click = async (text: string): Promise<void> => {
      const box = await page.locator('.xterm-rows span', { hasText: text }).first().boundingBox()
      await page.mouse.move((box?.x ?? 0) + 8, (box?.y ?? 0) + 5)
      await page.keyboard.down('Control')
      await page.mouse.down()
      await page.mouse.up()
      await page.keyboard.up('Control')
    }
    await click('pretended')
    await page.getByText('Ctrl+click opens https://example.org/real').waitFor()
    await until(async () => (await page.title()).includes('noopener'), 'opened')
    await click('bad')
    assert.match(await page.title(), /real/)
  })

  test('on a phone the key bar types, the screen keeps its size under the keyboard, and nothing is doubled', async () => {
    const { host, page } = await it.openTerminal(PHONE)
    await page.getByRole('button', { name: 'Ctrl', exact: true }).click()
    await page.locator('.xterm-helper-textarea').focus()
    await page.keyboard.type('c')
    await page.getByRole('button', { name: 'Esc' }).click()
    await page.getByRole('button', { name: 'Up', exact: true }).click()
    host.print('\x1b[?1h application ')
    await screenHas(page, 'application')
    await page.getByRole('button', { name: 'Up', exact: true }).click()
    await until(() => host.typed.length >= 8, 'typed')
    assert.equal(host.typed, '\x03\x1b\x1b[A\x1bOA')
    const sizes = host.asked.length
    await page.evaluate(() => {
      Object.defineProperty(visualViewport, 'height', { value: innerHeight - 300 })
      visualViewport?.dispatchEvent(new Event('resize'))
    })
    const bar = page.getByRole('toolbar', { name: 'Keys' })
    await until(async () => ((await bar.boundingBox())?.y ?? 999) < 844 - 300, 'the key bar is above the keyboard')
    host.print(`${'\r\n'.repeat(60)}last line`)
    await screenHas(page, 'last line')
    const row = page.locator('.xterm-rows > div', { hasText: 'last line' })
    await until(async () => ((await row.boundingBox())?.y ?? 999) < 844 - 300, 'the row of the cursor is seen')
    assert.equal(host.asked.length, sizes, 'no size was told')
    host.typed = ''
    const keyboard = await page.context().newCDPSession(page)
    for (const text of ['h', 'he', 'hel', 'hell', 'hello'])
      await keyboard.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length })
    await keyboard.send('Input.insertText', { text: 'hello ' })
    await until(() => host.typed.endsWith(' '), 'composed')
    assert.equal(host.typed, 'hello ')
  })

  test('a session is shared by a link that needs no account', async () => {
    const { host, page } = await it.openTerminal()
    await page.getByRole('button', { name: 'Share' }).click()
    await page.getByRole('button', { name: 'Make the link' }).click()
    const link = await page.getByLabel('Link').inputValue()
    assert.match(link, new RegExp(`/#/w/${ID}/\\w+$`))
    await page.context().clearCookies()
    await page.goto('about:blank')
    await page.goto(link)
    await screenHas(page, '$')
    host.print('seen by guests')
    await screenHas(page, 'seen by guests')
    assert.equal(await page.getByRole('link', { name: 'Back to the sessions' }).count(), 0)
  })

  test('the look is kept, and the terminal follows it', async () => {
    const { host, page } = await it.openTerminal()
    const run = async (title: string): Promise<void> => {
      await page.keyboard.press('Control+Shift+P')
      await page.getByRole('combobox').fill(title)
      await page.keyboard.press('Enter')
    }
    const before = host.sizes.at(-1)?.cols ?? 0
    for (let times = 0; times < 4; times++) await run('Larger text')
    await until(() => (host.sizes.at(-1)?.cols ?? before) < before, 'fewer columns')
    await run('Theme')
    await run('Theme')
    await until(() => page.evaluate(() => document.documentElement.dataset.theme === 'dark'), 'dark')
    await until(() => host.colors.at(-1)?.background === '#111416', 'the terminal, too')
    await page.reload()
    await until(() => page.evaluate(() => document.documentElement.dataset.theme === 'dark'), 'still dark')
  })

  test('in screen reader mode the text of the terminal stands where a screen reader finds it', async () => {
    const { host, page } = await it.openTerminal()
    assert.equal(await page.locator('.xterm-accessibility').count(), 0)
    await page.keyboard.press('Control+Shift+P')
    await page.getByRole('combobox').fill('screen reader')
    await page.keyboard.press('Enter')
    host.print('\r\nread this aloud')
    await page.getByRole('listitem').filter({ hasText: 'read this aloud' }).waitFor({ state: 'attached' })
    await page.reload()
    await page.locator('.xterm-accessibility').waitFor({ state: 'attached' })
  })

  test('axe finds nothing serious on any page', async () => {
    it.server.add(fakeSession({ id: OTHER, name: 'other', labels: { team: 'blue' }, phase: 'exited', exitCode: 1 }))
    const page = await it.open()
    const faults: Record<string, string[]> = { login: await accessFaults(page) }
    const { page: terminal } = await it.openTerminal()
    faults.terminal = await accessFaults(terminal)
    await terminal.goto(`${terminal.url()}+${OTHER}`)
    await terminal.getByRole('separator').waitFor()
    faults.split = await accessFaults(terminal)
    await terminal.keyboard.press('Control+Shift+P')
    await terminal.getByRole('combobox').waitFor()
    faults.palette = await accessFaults(terminal)
    await terminal.keyboard.press('Escape')
    await terminal.getByRole('link', { name: 'Back to the sessions' }).click()
    await terminal.getByRole('row', { name: 'other' }).waitFor()
    faults.sessions = await accessFaults(terminal)
    await terminal.getByRole('link', { name: 'New session' }).click()
    await terminal.getByLabel('Template').waitFor()
    faults.new = await accessFaults(terminal)
    assert.deepEqual(
      Object.entries(faults).filter(([, found]) => found.length > 0),
      [],
    )
  })
})
