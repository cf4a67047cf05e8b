/** What axe finds wrong with a page. */
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
