/** Tells the styles how much of the window a soft keyboard covers: the page gets shorter by it, the terminal keeps its size. */

/** Smaller differences are bars of the browser. */
const LEAST_PX = 120

/** Sets `--keyboard` on the page until `stop`. A page that is zoomed with two fingers has no keyboard. */
export const followKeyboard = (stop: AbortSignal): void => {
  const viewport = window.visualViewport
  if (viewport === null) return
  const tell = (): void => {
    const covered = viewport.scale > 1.01 ? 0 : innerHeight - viewport.height
    document.documentElement.style.setProperty('--keyboard', `${covered > LEAST_PX ? Math.round(covered) : 0}px`)
  }
  viewport.addEventListener('scroll', () => scrollTo(0, 0), { signal: stop }) // iOS pushes the page up instead
  viewport.addEventListener('resize', tell, { signal: stop })
  stop.addEventListener('abort', () => document.documentElement.style.removeProperty('--keyboard'))
  tell()
}
