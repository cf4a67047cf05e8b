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
}

const terminal = async (page: Page, { url, sessions }: Scene): Promise<void> => {
  await page.goto(`${url}/#/s/${sessions[0]?.id}`)
  await page.locator('.xterm-rows', { hasText: 'Redistribution' }).first().waitFor()
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
  { name: 'terminal', take: terminal },
]
