/** Is the screen as narrow as a phone's? As `@media (width < 700px)` of the styles. */
import { signal } from '@preact/signals'

const query = matchMedia('(width < 700px)')
export const narrow = signal(query.matches)

query.addEventListener('change', () => {
  narrow.value = query.matches
})
