/** Files into and out of a session, in a real browser. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { HoldfastError } from '@holdfast/protocol'
import type { Page } from 'playwright-core'
import { accessFaults } from './accessible.ts'
import { noBrowser } from './chromium.ts'
import { browserFixture, until } from './fixture.ts'
import { drop, run } from './page.ts'

suite('files of a session in a browser', { skip: noBrowser(process.env.CI) }, () => {
  const it = browserFixture()
  const row = (page: Page, text: string) => page.getByRole('list', { name: 'Uploads' }).getByText(text)

  test('a file that is dropped is uploaded; one that is there is replaced only when that is said', async () => {
    const { page } = await it.openTerminal()
    await drop(page, 'notes.txt', 'first')
    await row(page, 'uploaded, 5 B').waitFor()
    assert.equal(it.server.files.get('notes.txt')?.toString(), 'first')
    await page.getByRole('button', { name: 'Dismiss notes.txt' }).click()
    await drop(page, 'notes.txt', 'second')
    await row(page, 'is there already').waitFor()
    assert.equal(it.server.files.get('notes.txt')?.toString(), 'first')
    assert.deepEqual(await accessFaults(page), [])
    await page.getByRole('button', { name: 'Replace notes.txt' }).click()
    await row(page, 'uploaded, 6 B').waitFor()
    assert.equal(it.server.files.get('notes.txt')?.toString(), 'second')
  })

  test('an upload can be given up, and says why it failed', async () => {
    const { page } = await it.openTerminal()
    it.server.uploads = 'stall'
    await drop(page, 'large', 'x'.repeat(30_000_000))
    await page.getByRole('progressbar', { name: 'Upload of large' }).waitFor()
    await page.getByRole('button', { name: 'Cancel large' }).click()
    await until(async () => (await page.locator('.uploads').count()) === 0, 'given up')
    it.server.uploads = new HoldfastError('DISK_FULL', '"large": there is no room left for it')
    await drop(page, 'large', 'x')
    await row(page, 'there is no room left for it').waitFor()
    assert.equal(it.server.files.size, 0)
  })

  test('files are chosen by the palette, too', async () => {
    const { page } = await it.openTerminal()
    const chooser = page.waitForEvent('filechooser')
    await run(page, 'Upload files')
    await (await chooser).setFiles([
      { name: 'a', mimeType: 'text/plain', buffer: Buffer.from('1') },
      { name: 'b', mimeType: 'text/plain', buffer: Buffer.from('2') },
    ])
    await until(() => it.server.files.size === 2, 'both')
  })

  test('a file is downloaded by its path; one that is not there is told', async () => {
    const { page } = await it.openTerminal()
    it.server.files.set('report.txt', Buffer.from('the report'))
    await run(page, 'Download a file')
    await page.getByLabel('Path').fill('absent')
    await page.keyboard.press('Enter')
    await page.getByText('there is no such file').waitFor()
    assert.deepEqual(await accessFaults(page), [])
    await page.getByLabel('Path').fill('report.txt')
    const started = page.waitForEvent('download')
    await page.keyboard.press('Enter')
    const download = await started
    assert.equal(download.suggestedFilename(), 'report.txt')
    assert.equal(readFileSync(await download.path(), 'utf8'), 'the report')
    await page.locator('textarea:focus').waitFor({ state: 'attached' })
  })
})
