/** What axe finds wrong with a page. */
import assert from 'node:assert/strict'
import axe from 'axe-core'
import type { Page } from 'playwright-core'

interface Finding {
  id: string
  impact: string | null
  nodes: { target: unknown[] }[]
}

/** Serious and critical findings, each with where it is; run from outside the page, whose policy allows no script of others. */
export const accessFaults = async (page: Page): Promise<string[]> => {
  await page.evaluate(axe.source)
  const findings: Finding[] = await page.evaluate('axe.run().then(({ violations }) => violations)')
  return findings
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
}

/** The page as it is now: nothing serious in either theme, on a wide and on a narrow window, and nothing sticks out of it. */
export const assertAccessible = async (page: Page): Promise<void> => {
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [1440, 390]) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 844 })
      assert.deepEqual(await accessFaults(page), [], `${colorScheme}, ${width}`)
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width} wide`)
    }
}
