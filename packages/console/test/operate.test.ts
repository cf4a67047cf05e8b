/** The operate page in a real browser: what operators see and do, and what others are told. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { HoldfastError } from '@holdfast/protocol'
import type { Page } from 'playwright-core'
import { accessFaults, assertAccessible } from './accessible.ts'
import { noBrowser } from './chromium.ts'
import { fakeSession } from './fake-session.ts'
import { browserFixture, ID, linkSays, until } from './fixture.ts'
import { fakeCharts, fakeDeath, fakeNode } from './stand-in-operator.ts'

suite('the operate page in a browser', { skip: noBrowser(process.env.CI) }, () => {
  const it = browserFixture()
  const open = async (options = {}): Promise<Page> => {
    it.server.role = 'operator'
    const page = await it.openSignedIn('#/operate', options)
    await page.getByRole('heading', { name: 'Operate' }).waitFor()
    return page
  }
  const row = (page: Page, table: string, name: string) =>
    page.getByRole('table', { name: table }).getByRole('row', { name })
  const asked = (what: string): Promise<void> => until(() => it.server.operator.asked.includes(what), `asked: ${what}`)

  test('who is no operator is told so, and nothing is asked for them', async () => {
    const page = await it.openSignedIn('#/operate')
    await page.getByRole('heading', { name: 'For operators' }).waitFor()
    await page.getByText('role: operator').waitFor()
    assert.equal(await page.getByRole('link', { name: 'Operate' }).count(), 0)
    assert.deepEqual(it.server.operator.asked, [])
  })

  test('nodes show how full they are; cordon and uncordon, also by the palette', async () => {
    const { nodes } = it.server.operator
    nodes.set('far', fakeNode({ id: 'far', reachable: false, lastError: 'connect ECONNREFUSED', pressure: null }))
    const page = await open()
    const local = row(page, 'Nodes', 'local')
    for (const text of ['takes sessions', '3 of 300', '12 GiB of 128 GiB', '93 %'])
      await local.getByText(text).waitFor()
    await row(page, 'Nodes', 'far').getByText('connect ECONNREFUSED').waitFor()
    await page.getByRole('button', { name: 'Cordon local' }).click()
    await local.getByText('cordoned').waitFor()
    await page.keyboard.press('Control+k')
    await page.keyboard.type('uncordon local')
    await page.keyboard.press('Enter')
    await local.getByText('takes sessions').waitFor()
    nodes.set('local', fakeNode({ id: 'local', sessions: 41 }))
    await local.getByText('41 of 300').waitFor()
  })

  test('a drain is asked about first, and then tells how many sessions are left', async () => {
    const { nodes } = it.server.operator
    const page = await open()
    await page.getByRole('button', { name: 'Drain local' }).click()
    const dialog = page.getByRole('dialog', { name: 'Drain a node' })
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: 'Drain local' }).click()
    await dialog.getByLabel('idle for').fill('10')
    assert.ok(!it.server.operator.asked.some((what) => what.includes('drain')))
    await dialog.getByRole('button', { name: 'Drain' }).click()
    await asked('POST /v1/nodes/local/drain?endIdleSeconds=600')
    await page.getByText('draining: 3 sessions left').waitFor()
    nodes.set('local', fakeNode({ id: 'local', draining: true, cordoned: true, sessions: 0 }))
    await page.getByText('drained: no sessions left').waitFor()
  })

  test('maintenance is turned on and off, and a refusal stays on the page', async () => {
    const page = await open()
    await page.getByRole('button', { name: 'Maintenance on' }).click()
    await page.getByText('no timer ends a session').waitFor()
    it.server.role = 'user'
    await page.getByRole('button', { name: 'Maintenance off' }).click()
    await page
      .getByRole('alert')
      .filter({ hasText: /^only operators may do this$/ })
      .first()
      .waitFor()
    await page.getByText('The nodes are not up to date').waitFor()
    await row(page, 'Nodes', 'local').waitFor()
  })

  test('charts show values with units, at the pointer, too', async () => {
    it.server.operator.charts = fakeCharts([0.001, 0.004, 0.0025])
    const page = await open()
    const chart = page.locator('[data-chart=echo]')
    await chart.getByRole('table', { name: 'Echo' }).getByRole('row', { name: 'p99 2.5 ms 4 ms' }).waitFor()
    await chart.locator('canvas').waitFor()
    await row(page, 'Nodes', 'local').waitFor() // above the charts, which it moves down
    const box = await chart.locator('.u-over').boundingBox()
    assert.ok(box)
    await page.mouse.move(box.x + box.width - 2, box.y + 20)
    await chart.locator('.plot-tip', { hasText: 'p99: 2.5 ms' }).waitFor()
    await page.locator('[data-chart=errors]').getByText('Nothing to show yet').waitFor()
    await page.getByText('measured themselves').waitFor()
  })

  test('a Prometheus that fails is said above charts that are not its own', async () => {
    it.server.operator.charts = fakeCharts([1, 2], { fault: 'Prometheus: no answer within 4 s' })
    const page = await open()
    await page
      .getByRole('alert')
      .filter({ hasText: 'Not from Prometheus, as configured. Prometheus: no answer' })
      .waitFor()
    await page.getByText('Shown instead: what this gateway').waitFor()
  })

  test('charts that cannot be had leave the rest of the page alone', async () => {
    it.server.operator.charts = new HoldfastError('ORCHESTRATOR_UNAVAILABLE', 'it is away')
    const page = await open()
    await page.getByText('The charts are not up to date: it is away').waitFor()
    await row(page, 'Nodes', 'local').waitFor()
  })

  test('placement says where a session goes, and why not elsewhere', async () => {
    const { operator } = it.server
    operator.placement = {
      node: null,
      nodes: [{ id: 'local', score: null, tier: 0, warm: false, reasons: ['cordoned', 'no room for 2 GiB'] }],
    }
    const page = await open()
    await page.getByText('No node takes it now').waitFor()
    await page.getByText('cordoned; no room for 2 GiB').waitFor()
    await page.getByLabel('Template').selectOption('node')
    await asked('GET /v1/placement?template=node')
  })

  test('a pool that cannot be filled says why, and is tried again after a reset', async () => {
    const pool = { template: 'node', node: 'local', wanted: 2, waiting: 0, failures: 8 }
    it.server.operator.pools = [{ ...pool, state: 'stopped', error: 'no such image: node:99' }]
    const page = await open()
    const shown = row(page, 'Warm pools', 'node')
    await shown.getByText('stopped after 8 failures').waitFor()
    await shown.getByText('no such image').waitFor()
    await page.getByRole('button', { name: 'Reset the pool of node' }).click()
    await shown.getByText('filling').waitFor()
  })

  test('an end is told in words and leads to its why, also when the session is gone', async () => {
    const name = '<img src=x onerror=alert(1)>'
    it.server.operator.deaths = [fakeDeath({ session: 'local-gone', name })]
    const page = await open()
    const shown = row(page, 'How sessions ended', name)
    await shown.getByText('The session host ended without a word (no container, by docker).').waitFor()
    await shown.getByRole('button').click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('The session is gone.').waitFor()
    await dialog.getByText('docker said: no such container').waitFor()
  })

  test('why a session is so is a key, a click and a command away', async () => {
    it.server.add(fakeSession({ id: ID, name: 'build' }))
    const page = await it.openSignedIn()
    const says = page.getByRole('dialog').getByText('running: nothing stands in the way')
    await page.getByRole('button', { name: 'Why build is so' }).click()
    await says.waitFor()
    await page.keyboard.press('Escape')
    await says.waitFor({ state: 'hidden' })
    await page.keyboard.press('j')
    await page.locator('a.row-link:focus').waitFor()
    await page.keyboard.press('w')
    await says.waitFor()
    await page.keyboard.press('Escape')
    await says.waitFor({ state: 'hidden' })
    await page.keyboard.press('Enter')
    await linkSays(page, 'Attached')
    await page.keyboard.press('Control+Shift+P')
    await page.keyboard.type('why this')
    await page.keyboard.press('Enter')
    await says.waitFor()
  })

  test('axe finds nothing serious, light or dark, wide or narrow, and nothing sticks out', async () => {
    const { operator } = it.server
    operator.nodes.set('far', fakeNode({ id: 'far', draining: true, cordoned: true }))
    operator.deaths = [fakeDeath({ session: 'local-gone', name: 'gone' })]
    operator.pools = [
      { template: 'node', node: 'local', wanted: 2, waiting: 0, failures: 8, state: 'stopped', error: 'no image' },
    ]
    const page = await open()
    await page.locator('[data-chart=echo] canvas').waitFor()
    await row(page, 'How sessions ended', 'gone').waitFor()
    await assertAccessible(page)
    await page.getByRole('button', { name: 'Drain local' }).click()
    assert.deepEqual(await accessFaults(page), [])
  })
})
