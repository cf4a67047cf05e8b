/** The terminal page in a real browser, against a stand-in session host. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { QUERIES } from '@holdfast/client/terminal-queries'
import { noBrowser } from './chromium.ts'
import { fakeSession } from './fake-session.ts'
import { browserFixture, ID, linkSays, screenHas, until } from './fixture.ts'
import { imageHas } from './page.ts'

suite('the terminal in a browser', { skip: noBrowser(process.env.CI) }, () => {
  const it = browserFixture()

  test('what is typed and pasted echoes on the screen, and a selection is copied', async () => {
    const { host, page } = await it.openTerminal()
    await page.keyboard.type('echo höllo 😀')
    await page.keyboard.press('Enter')
    await screenHas(page, 'echo höllo 😀')
    await until(() => host.typed.endsWith('\r'), 'entered')
    assert.equal(host.typed, 'echo höllo 😀\r')
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.evaluate(() => navigator.clipboard.writeText('pasted-text'))
    await page.keyboard.press('Control+Shift+V')
    await screenHas(page, 'pasted-text')
    await page.evaluate(() => navigator.clipboard.writeText('overwritten by the copy'))
    const box = await page.locator('.xterm-rows span', { hasText: 'pasted-text' }).boundingBox()
    assert.ok(box)
    await page.mouse.dblclick(box.x + box.width - 8, box.y + box.height / 2)
    await page.keyboard.press('Control+Shift+C')
    const copied = (): Promise<string> => page.evaluate(() => navigator.clipboard.readText())
    await until(async () => (await copied()) === 'pasted-text', 'copied')
    assert.match(host.typed, /pasted-text$/, 'copying types nothing')
  })

  test('no query gets an answer from the page, neither live nor in a snapshot', async () => {
    const { host, page } = await it.openTerminal()
    const all = Buffer.from(`${Object.values(QUERIES).join('')}\x1b]4;1;red;2;?\x07\x1b[?1004h`, 'latin1').toString()
    host.print(`${all}asked`)
    await screenHas(page, 'asked')
    host.snapshot = `${all}snapshot `
    it.server.dropSockets()
    await screenHas(page, 'snapshot')
    await page.keyboard.type('x')
    await until(() => host.typed.endsWith('x'), 'x typed')
    assert.equal(host.typed, 'x')
  })

  test('the colours of the page are announced at every connect, and when the theme changes', async () => {
    const { host, page } = await it.openTerminal()
    await until(() => host.colors.length === 1, 'announced')
    const { foreground, background, palette } = host.colors[0] ?? {}
    assert.match(`${foreground} ${background}`, /^#[\da-f]{6} #[\da-f]{6}$/)
    assert.equal(palette?.length, 16)
    await page.emulateMedia({ colorScheme: background === '#ffffff' ? 'dark' : 'light' })
    await until(() => host.colors.length === 2, 'announced anew')
    assert.notEqual(host.colors[1]?.background, background)
    it.server.dropSockets()
    await until(() => host.colors.length === 3, 'announced to the next connection')
    assert.deepEqual(host.colors[2], host.colors[1])
  })

  test('what the session copies reaches the clipboard; what is said and held up is told', async () => {
    const { host, page } = await it.openTerminal()
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    host.tell({ type: 'clipboard', selection: 'c', data: Buffer.from('cöpied').toString('base64') })
    await until(async () => (await page.evaluate(() => navigator.clipboard.readText())) === 'cöpied', 'copied')
    host.tell({ type: 'notice', level: 'info', title: 'make', text: 'done' })
    await page.getByText('make: done').waitFor()
    host.tell({ type: 'input', blocked: true, waiting: 4096 })
    await linkSays(page, 'The program does not read its input: 4096 bytes wait')
    host.tell({ type: 'input', blocked: false, waiting: 0 })
    await linkSays(page, 'Attached')
  })

  test('a clipboard the browser refuses is a quiet word on the page', async () => {
    const { host, page } = await it.openTerminal()
    await page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'))
    })
    host.tell({ type: 'clipboard', selection: 'c', data: 'eA==' })
    await page.getByText('the browser did not allow it').waitFor()
  })

  test('the size follows the window, and the host has the last word', async () => {
    const { host, page } = await it.openTerminal()
    const before = host.sizes.at(-1)
    assert.ok(before && before.cols > 100 && before.rows > 30)
    await page.setViewportSize({ width: 800, height: 500 })
    await until(() => (host.sizes.at(-1)?.cols ?? 999) < before.cols, 'smaller')
    const small = host.sizes.at(-1)
    await page.getByText(`${small?.cols}×${small?.rows}`).waitFor()
    host.setSize(50, 10, 'someone-else')
    await page.getByText('50×10, set by another window').waitFor()
    await until(async () => (await page.locator('.xterm-rows > div').count()) === 10, '10 rows drawn')
    await page.setViewportSize({ width: 1000, height: 600 })
    await until(() => host.asked.at(-1)?.cols !== small?.cols, 'the new size is told')
    await page.getByText('50×10, set by another window').waitFor()
    await page.setViewportSize({ width: 800, height: 500 })
    await page.getByRole('button', { name: 'Take control' }).click()
    await page.getByText(`${small?.cols}×${small?.rows}`).waitFor()
  })

  test('of a session that is larger than the window the row of the cursor is in view', async () => {
    const { host, page } = await it.openTerminal()
    const sizes = host.sizes.length
    host.setSize(200, 100, 'someone-else')
    host.print(`top${'\r\n'.repeat(98)}bottom`)
    await screenHas(page, 'bottom')
    const inView = (text: string) =>
      page.evaluate((wanted) => {
        const room = document.querySelector('.terminal-view')?.getBoundingClientRect()
        const rows = [...document.querySelectorAll('.xterm-rows > div')]
        const row = rows.find(({ textContent }) => textContent?.includes(wanted))?.getBoundingClientRect()
        return room !== undefined && row !== undefined && row.top >= room.top - 1 && row.bottom <= room.bottom + 1
      }, text)
    await until(() => inView('bottom'), 'bottom in view')
    host.print('\x1b[HTOP')
    await until(() => inView('TOP'), 'top in view')
    assert.equal(host.sizes.length, sizes, 'nobody was resized for it')
  })

  test('after a lost connection the page says so, reconnects, and loses nothing', async () => {
    const { host, page } = await it.openTerminal()
    await page.keyboard.type('before')
    await screenHas(page, 'before')
    it.server.down = true
    it.server.dropSockets()
    await linkSays(page, /Reconnecting (in \d+ s|now): /)
    host.print(' meanwhile ')
    await page.keyboard.type('typed-while-away')
    it.server.down = false
    await linkSays(page, 'Attached')
    await screenHas(page, 'before meanwhile typed-while-away')
    assert.equal(host.typed, 'beforetyped-while-away')
  })

  test('an attach that takes long shows what the session showed last, until the session itself does', async () => {
    it.server.add(fakeSession({ id: ID, phase: 'suspended' }))
    it.server.down = true
    const page = await it.openSignedIn(`#/s/${ID}`)
    await screenHas(page, 'and green')
    await linkSays(page, /^Waking the session/)
    it.server.down = false
    await linkSays(page, 'Attached')
    await screenHas(page, '$')
    await page.getByText('and green').first().waitFor({ state: 'detached' })
  })

  test('a snapshot replaces what was on the screen', async () => {
    const { host, page } = await it.openTerminal()
    host.print('old text, and half a sequence \x1b]0;never ended')
    await screenHas(page, 'old text')
    host.snapshot = 'from the snapshot '
    it.server.dropSockets()
    await screenHas(page, 'from the snapshot')
    host.print('and on')
    await screenHas(page, 'from the snapshot and on')
    assert.equal(await page.getByText('old text').count(), 0)
  })

  test('an exit shows its code', async () => {
    const { host, page } = await it.openTerminal()
    host.print('bye')
    host.exit(3)
    await linkSays(page, 'Ended with exit code 3')
    await screenHas(page, 'bye')
  })

  test('a session that ended long ago shows its last screen', async () => {
    it.server.add(fakeSession({ id: ID, phase: 'exited', exitCode: 7 }))
    it.server.hosts.delete(ID)
    const page = await it.openSignedIn(`#/s/${ID}`)
    await linkSays(page, 'Ended with exit code 7. This is its last screen.')
    await screenHas(page, 'and green')
  })

  test('a kicked page stays away until the user asks', async () => {
    const { host, page } = await it.openTerminal()
    host.kick()
    await linkSays(page, 'not reconnecting')
    await until(() => host.viewers === 0, 'gone')
    await page.getByRole('button', { name: 'Attach again' }).click()
    await linkSays(page, 'Attached')
  })

  test('read-only is said and typing goes nowhere', async () => {
    const host = it.server.add(fakeSession({ id: ID }))
    host.mode = 'ro'
    const page = await it.openSignedIn(`#/s/${ID}`)
    await linkSays(page, 'Attached, read-only')
    await page.keyboard.type('nothing')
    host.print('still here')
    await screenHas(page, 'still here')
    assert.equal(host.typed, '')
  })

  test('title and bell reach the page, and Ctrl+F6 leaves the terminal by keyboard', async () => {
    const { host, page } = await it.openTerminal()
    host.print('\x1b]2;<b>vim</b>\x07')
    await until(async () => (await page.title()) === '<b>vim</b> · Holdfast', 'title')
    await page.locator('.where code', { hasText: '/home/dev' }).waitFor()
    host.tell({ type: 'cwd', cwd: '/srv/<i>app' })
    await page.locator('.where code', { hasText: '/srv/<i>app' }).waitFor()
    // From inside the page: it is lit for a moment only.
    await page.evaluate(() => {
      const frame = document.querySelector('.terminal-frame')
      const look = new MutationObserver(() => {
        if (frame?.matches('.bell')) document.body.dataset.rung = 'true'
      })
      if (frame !== null) look.observe(frame, { attributeFilter: ['class'] })
    })
    host.print('\x07')
    await page.locator('body[data-rung]').waitFor({ state: 'attached' })
    await page.keyboard.press('Control+F6')
    await page.locator('[aria-label="Back to the sessions"]:focus').waitFor()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Sessions' }).waitFor()
    await until(() => host.viewers === 0, 'detached')
  })

  test('images of sixel and iTerm2 are drawn, and go with the screen', async () => {
    const { host, page } = await it.openTerminal()
    const layer = page.locator('canvas.xterm-image-layer')
    // 100 × 12 pixels of red.
    host.print('\r\n\x1bPq#1;2;100;0;0#1!100~-#1!100~\x1b\\\r\nsixel')
    await screenHas(page, 'sixel')
    await until(() => imageHas(page, 255, 0), 'a red sixel')
    const png = await page.evaluate(() => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 20, height: 20 })
      const pen = canvas.getContext('2d')
      if (pen) pen.fillStyle = '#00ff00'
      pen?.fillRect(0, 0, 20, 20)
      return canvas.toDataURL('image/png').split(',')[1] ?? ''
    })
    host.print(`\r\n\x1b]1337;File=inline=1;size=${atob(png).length}:${png}\x07\r\niterm`)
    await screenHas(page, 'iterm')
    await until(() => imageHas(page, 0, 255), 'a green png')
    host.print('\x1b[H\x1b[2Jcleared')
    await screenHas(page, 'cleared')
    await until(async () => (await layer.count()) === 0 || !(await imageHas(page, 255, 0)), 'gone')
  })

  test('with WebGL the terminal is drawn on a canvas, and in the DOM after the context is lost', async () => {
    const host = it.server.add(fakeSession({ id: ID }))
    const page = await it.openSignedIn(`#/s/${ID}`, { webgl: true })
    await linkSays(page, 'Attached')
    const canvas = page.locator('.xterm-screen canvas').last()
    await canvas.waitFor()
    await canvas.evaluate((element: HTMLCanvasElement) =>
      element.getContext('webgl2')?.getExtension('WEBGL_lose_context')?.loseContext(),
    )
    host.print('drawn by the DOM')
    await screenHas(page, 'drawn by the DOM')
  })
})
