/** The filter of the list and of the wall, typed. */
import type { RefObject } from 'preact'
import { filter } from './view.ts'

export interface SearchProps {
  field: RefObject<HTMLInputElement | null>
  /** The keys go on to what was found. */
  onDone(): void
}

export const SearchField = ({ field, onDone }: SearchProps) => (
  <input
    ref={field}
    type="search"
    aria-label="Filter sessions"
    aria-keyshortcuts="/"
    placeholder="Search, or team=web, phase:failed…"
    value={filter.value}
    onInput={(event) => {
      filter.value = event.currentTarget.value
    }}
    onKeyDown={(event) => {
      if (event.key === 'Escape') filter.value = ''
      if (event.key === 'Enter' || event.key === 'ArrowDown') onDone()
      if (['Escape', 'Enter', 'ArrowDown'].includes(event.key)) event.currentTarget.blur()
    }}
  />
)
