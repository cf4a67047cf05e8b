/** The pictures: how each page is reached, and what must be there before it is taken. */
import type { HoldfastClient } from '@holdfast/client'
import type { Session } from '@holdfast/protocol'
import type { Page } from 'playwright-core'

export interface Scene {
  url: string
  client: HoldfastClient
  sessions: readonly Session[]
}
export interface Shot {
  name: string
  take(page: Page, scene: Scene): Promise<void>
}

const list = async (page: Page, { url }: Scene): Promise<void> => {
  await page.goto(url)
  await page.getByText('Live', { exact: true }).waitFor()
  await page.getByText('waits for you').first().waitFor()
  await page.locator('.c-uses', { hasText: 'CPU' }).first().waitFor({ state: 'attached' })
}

const operate = async (page: Page, { url }: Scene): Promise<void> => {
  await page.goto(`${url}/#/operate`)
  await page.getByRole('table', { name: 'Nodes' }).getByRole('row', { name: 'local' }).waitFor()
  await page.locator('[data-chart=memory] canvas').waitFor()
  await page.getByRole('table', { name: 'How sessions ended' }).waitFor()
}

const terminal = async (page: Page, { url, sessions }: Scene): Promise<void> => {
  await page.goto(`${url}/#/s/${sessions[0]?.id}`)
  await page.locator('.xterm-rows', { hasText: 'Regents' }).first().waitFor()
}

export const SHOTS: readonly Shot[] = [
  {
    name: 'login',
    take: async (page, { url }) => {
      await page.context().clearCookies()
      await page.goto(url)
      await page.getByLabel('API key').waitFor()
    },
  },
  { name: 'sessions', take: list },
  {
    name: 'sessions-chosen',
    take: async (page, scene) => {
      await list(page, scene)
      await page.getByLabel('Select api logs').click()
      await page.getByLabel('Select scratch').click()
      await page
        .getByRole('button', { name: 'End nightly tests' })
        .or(page.getByRole('button', { name: 'Remove nightly tests' }))
        .click()
    },
  },
  {
    name: 'why',
    take: async (page, scene) => {
      await list(page, scene)
      await page.getByRole('button', { name: 'Why nightly tests is so' }).click()
      await page.getByText('How it ended').waitFor()
    },
  },
  {
    name: 'wall',
    take: async (page, { url }) => {
      await page.goto(`${url}/#/wall`)
      await page.locator('.thumbnail', { hasText: 'slow query' }).waitFor()
    },
  },
  { name: 'operate', take: operate },
  {
    name: 'operate-charts',
    take: async (page, scene) => {
      await operate(page, scene)
      await page.locator('[data-chart=sessions] .swatch').first().waitFor({ timeout: 60_000 })
      await page.getByRole('heading', { name: 'The last hour' }).evaluate((heading) => heading.scrollIntoView())
      await page.locator('[data-chart=memory] .u-over').hover()
    },
  },
  {
    name: 'operate-ends',
    take: async (page, scene) => {
      await operate(page, scene)
      await page
        .getByRole('heading', { name: 'Where a new session would go' })
        .evaluate((heading) => heading.scrollIntoView())
    },
  },
  {
    name: 'drain',
    take: async (page, scene) => {
      await operate(page, scene)
      await page.getByRole('button', { name: 'Drain local' }).click()
      await page.getByRole('dialog', { name: 'Drain a node' }).waitFor()
    },
  },
  {
    name: 'palette',
    take: async (page, scene) => {
      await list(page, scene)
      await page.keyboard.press('Control+k')
      await page.getByRole('combobox').waitFor()
    },
  },
  {
    name: 'help',
    take: async (page, scene) => {
      await list(page, scene)
      await page.keyboard.press('?')
      await page.getByRole('dialog', { name: 'Keyboard help' }).waitFor()
    },
  },
  {
    name: 'empty',
    take: async (page, { url }) => {
      await page.goto(url)
      await page.getByLabel('Filter sessions').fill('no such session')
      await page.getByText('No session matches').waitFor()
    },
  },
  {
    name: 'new',
    take: async (page, { url }) => {
      await page.goto(`${url}/#/new`)
      await page.getByRole('option').first().waitFor({ state: 'attached' })
    },
  },
  {
    name: 'new-more',
    take: async (page, { url }) => {
      await page.goto(`${url}/#/new`)
      await page.getByText('More: directory').click()
      await page.getByLabel('limits.memoryMb').fill('512')
    },
  },
  { name: 'terminal', take: terminal },
  {
    name: 'split',
    take: async (page, { url, sessions }) => {
      const [first, second, third, fourth] = sessions.map(({ id }) => id)
      await page.goto(`${url}/#/s/${fourth}`)
      await page.locator('.xterm-rows').first().waitFor()
      await page.goto(`${url}/#/s/${first}+${third}.${second}`)
      await page.locator('.xterm-rows', { hasText: 'Regents' }).first().waitFor()
      await page.locator('.xterm-rows', { hasText: 'Apply these' }).first().waitFor()
    },
  },
  {
    name: 'search',
    take: async (page, scene) => {
      await terminal(page, scene)
      await page.keyboard.press('Control+Shift+F')
      await page.getByLabel('Find in the terminal').fill('GPL')
      await page.getByText(/\d+ of \d+/).waitFor()
    },
  },
  {
    name: 'uploads',
    take: async (page, scene) => {
      await terminal(page, scene)
      const dataTransfer = await page.evaluateHandle(() => {
        const transfer = new DataTransfer()
        for (const name of ['BSD', 'no-such-directory/report.pdf']) transfer.items.add(new File(['text'], name))
        return transfer
      })
      await page.dispatchEvent('.terminal-frame', 'drop', { dataTransfer })
      await page.getByText('is there already').waitFor()
      await page.locator('.uploads .failed').waitFor()
    },
  },
  {
    name: 'download',
    take: async (page, scene) => {
      await terminal(page, scene)
      await page.getByRole('button', { name: 'Commands' }).click()
      await page.getByRole('combobox').fill('Download')
      await page.keyboard.press('Enter')
      await page.getByLabel('Path').fill('GPL-3')
    },
  },
  {
    name: 'share',
    take: async (page, scene) => {
      await terminal(page, scene)
      await page.getByRole('button', { name: 'Share' }).click()
      await page.getByRole('button', { name: 'Make the link' }).click()
      await page.getByLabel('Link').waitFor()
    },
  },
  {
    name: 'shared',
    take: async (page, { url, client, sessions }) => {
      const [first] = sessions
      const { ticket } = await client.createTicket(first?.id ?? '', { mode: 'ro' })
      await page.context().clearCookies()
      await page.goto(`${url}/#/w/${first?.id}/${ticket}`)
      await page.getByText('Attached, read-only').waitFor()
    },
  },
]
