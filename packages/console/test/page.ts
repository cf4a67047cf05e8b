/** What tests do on a page with a terminal, and look for in it. */
import type { Page } from 'playwright-core'

/** A file of this text is dropped onto the terminal. */
export const drop = async (page: Page, name: string, text: string): Promise<void> => {
  const dataTransfer = await page.evaluateHandle(
    (file) => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([file.text], file.name))
      return transfer
    },
    { name, text },
  )
  for (const event of ['dragover', 'drop']) await page.dispatchEvent('.terminal-frame', event, { dataTransfer })
}

/** An action of the command palette. */
export const run = async (page: Page, action: string): Promise<void> => {
  await page.keyboard.press('Control+Shift+P')
  await page.getByRole('combobox').fill(action)
  await page.keyboard.press('Enter')
}

/** Whether an image in the terminal has a pixel of these shares of red and green, 0 to 255. */
export const imageHas = (page: Page, red: number, green: number): Promise<boolean> =>
  page.locator('canvas.xterm-image-layer').evaluate(
    (canvas: HTMLCanvasElement, [wantedRed, wantedGreen]) => {
      const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] }
      for (let at = 0; at < data.length; at += 4)
        if (data[at + 3] === 255 && data[at] === wantedRed && data[at + 1] === wantedGreen) return true
      return false
    },
    [red, green],
  )
