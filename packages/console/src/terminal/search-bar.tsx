/** Search in what the terminal holds. */
import { useEffect, useRef } from 'preact/hooks'
import type { OpenPane } from './open-panes.ts'

export const SearchBar = ({ pane: { state, live } }: { pane: OpenPane }) => {
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.select(), [])
  const find = (by: 1 | -1, incremental = false): void =>
    live.value?.pane.find(field.current?.value ?? '', by, incremental)
  const close = (): void => {
    live.value?.pane.find('', 1)
    state.searching.value = false
    state.found.value = null
    live.value?.pane.focus()
  }
  const found = state.found.value
  return (
    <search class="search-bar">
      <input
        ref={field}
        type="text"
        aria-label="Find in the terminal"
        placeholder="Find…"
        onInput={() => find(-1, true)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') find(event.shiftKey ? 1 : -1)
          if (event.key === 'Escape') close()
        }}
      />
      <output>{found === null ? '' : found.count === 0 ? 'none' : `${found.at || '…'} of ${found.count}`}</output>
      <button type="button" class="plain" aria-label="Match above" onClick={() => find(-1)}>
        ↑
      </button>
      <button type="button" class="plain" aria-label="Match below" onClick={() => find(1)}>
        ↓
      </button>
      <button type="button" class="plain" aria-label="Close the search" onClick={close}>
        ×
      </button>
    </search>
  )
}
