/** The time as a signal, for texts that grow old on screen. */
import { signal } from '@preact/signals'

/** Milliseconds as Date.now(), refreshed every second while the page lives. */
export const now = signal(Date.now())

setInterval(() => {
  now.value = Date.now()
}, 1000)
