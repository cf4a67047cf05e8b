/** The row of tabs; moved by dragging, or by Shift and an arrow key. */
import { useSignal } from '@preact/signals'
import { go, terminalHref } from '../route.ts'
import type { SessionList } from '../sessions/session-list.ts'
import { type Layout, layoutText, sessionsOf } from './layout.ts'
import { closeTab, focused, moveTab, tabs } from './tabs.ts'

const nameOf = (layout: Layout, list: SessionList): string =>
  sessionsOf(layout)
    .map((id) => list.get(id)?.name ?? id)
    .join(' | ')

export const TabBar = ({ shown, list }: { shown: Layout; list: SessionList }) => {
  const dragged = useSignal<number | null>(null)
  const all = tabs.value
  const current = layoutText(shown)
  const show = (layout: Layout): void => {
    focused.value = sessionsOf(layout)[0] ?? ''
    go(terminalHref(layoutText(layout)))
  }
  return (
    <nav class="tabs" aria-label="Open sessions">
      {all.map((layout, at) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: what is dragged; the button in it has the keys
        <span
          key={layoutText(layout)}
          class={`tab${layoutText(layout) === current ? ' shown' : ''}`}
          draggable
          onDragStart={() => {
            dragged.value = at
          }}
          onDragOver={(event) => event.preventDefault()}
          onDrop={() => dragged.value !== null && moveTab(dragged.value, at)}
        >
          <button
            type="button"
            class="plain"
            aria-current={layoutText(layout) === current ? 'page' : undefined}
            onClick={() => show(layout)}
            onAuxClick={(event) => event.button === 1 && closeTab(at)}
            onKeyDown={(event) => {
              if (event.shiftKey && event.key === 'ArrowLeft' && at > 0) moveTab(at, at - 1)
              if (event.shiftKey && event.key === 'ArrowRight') moveTab(at, at + 1)
            }}
          >
            {nameOf(layout, list)}
          </button>
          {all.length > 1 && (
            <button
              type="button"
              class="plain close"
              aria-label={`Close the tab ${nameOf(layout, list)}`}
              onClick={() => closeTab(at)}
            >
              ×
            </button>
          )}
        </span>
      ))}
    </nav>
  )
}
