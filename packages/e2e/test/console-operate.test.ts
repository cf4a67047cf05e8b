/** The operate page and the wall on a real Holdfast: gateway, orchestrator and session hosts as they are deployed, in a real browser. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Charts } from '@holdfast/protocol'
import type { Browser, Page } from 'playwright-core'
import { browserIsMissing, launchBrowser, openConsole } from './support/browser.ts'
import { dockerIsMissing, type Stack, startStack, until } from './support/stack.ts'

describe('operating a real Holdfast', { skip: browserIsMissing || dockerIsMissing }, () => {
  let stack: Stack
  let browser: Browser
  before(async () => {
    stack = await startStack('docker')
    browser = await launchBrowser()
  })
  after(async () => {
    await browser?.close()
    await stack?.destroy()
  })

  const open = async (path: string): Promise<Page> => {
    const page = await openConsole(browser, stack)
    await page.getByRole('heading', { name: 'Sessions' }).waitFor()
    await page.goto(`${stack.url}/${path}`)
    return page
  }

  test('the node is shown, and cordon, placement and uncordon go together', async () => {
    const page = await open('#/operate')
    const node = page.getByRole('table', { name: 'Nodes' }).getByRole('row', { name: 'local' })
    await node.getByText('takes sessions').waitFor()
    await node.getByText('Memory').waitFor()
    await page.getByText('it goes here').waitFor()
    await page.getByRole('button', { name: 'Cordon local' }).click()
    await node.getByText('cordoned').waitFor()
    await page.getByText('No node takes it now').waitFor()
    assert.equal((await stack.client.nodes()).nodes[0]?.cordoned, true)
    await page.getByRole('button', { name: 'Uncordon local' }).click()
    await node.getByText('takes sessions').waitFor()
    await page.getByText('it goes here').waitFor()
  })

  test('charts get points of the services’ own: creates, sessions, memory, echo', async () => {
    const { id } = await stack.client.createSession({ command: 'cat' })
    const terminal = await open(`#/s/${id}`)
    await terminal.getByText(/\d+(\.\d)? ms/).waitFor()
    await terminal.keyboard.type('echoed\n')
    await terminal.locator('.xterm-rows', { hasText: 'echoed' }).first().waitFor()
    const last = async (chart: string, line: string): Promise<number> => {
      const { charts }: Charts = await stack.client.charts()
      const values = charts.find((one) => one.id === chart)?.series.find(({ name }) => name === line)?.values ?? []
      return values.findLast((value) => value !== null) ?? 0
    }
    for (const [chart, line] of [
      ['memory', 'orchestrator'],
      ['memory', 'gateway'],
      ['create-latency', 'p99'],
      ['echo', 'p50'],
      ['sessions', 'running'],
    ] as const)
      await until(`a point of ${chart} ${line}`, async () => (await last(chart, line)) > 0, 90_000)
    const page = await open('#/operate')
    const memory = page.locator('[data-chart=memory]')
    await memory.locator('canvas').waitFor()
    await memory.getByRole('row', { name: /^gateway [\d.]+ MiB/ }).waitFor()
    await page.locator('[data-chart=sessions]').getByRole('row', { name: 'running 1 1' }).waitFor()
  })

  test('an end leads to its why', async () => {
    const { id } = await stack.client.createSession({ command: 'sh', args: ['-c', 'exit 3'], name: 'short' })
    await stack.client.wait(id, { until: 'exit' })
    const page = await open('#/operate')
    await page.getByRole('button', { name: 'Why short ended' }).click()
    await page
      .getByRole('dialog')
      .getByText(/said: exit code 3/)
      .waitFor()
  })

  test('the wall shows what a session prints, as it prints it, and a click goes in', async () => {
    const { id } = await stack.client.createSession({ command: 'cat', name: 'seen' })
    const page = await open('#/wall')
    const card = page.getByRole('link', { name: /^seen / })
    await card.waitFor()
    await stack.client.input(id, 'on-the-wall\r')
    await card.getByText('on-the-wall').first().waitFor()
    await card.click()
    await page.locator('.xterm-rows', { hasText: 'on-the-wall' }).first().waitFor()
  })
})
