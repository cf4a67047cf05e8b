/** The command palette: every action of the page, and every session by name, found by typing. */
import { hasEnded, type Session } from '@holdfast/protocol'
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { Dialog } from '../dialog.tsx'
import { type Action, actions, overlay, SHOW_PALETTE } from '../keys/actions.ts'
import { Keys } from '../keys/help-dialog.tsx'
import { go, NEW_SESSION, SESSIONS, terminalHref } from '../route.ts'

const MAX_SHOWN = 60
const PLACES: readonly Action[] = [
  { title: 'Go to the sessions', run: () => go(SESSIONS) },
  { title: 'New session', run: () => go(NEW_SESSION) },
]

const openActions = (sessions: readonly Session[]): Action[] =>
  sessions
    .filter(({ phase }) => !hasEnded(phase))
    .map(({ id, name }) => ({ title: `Open ${name === id ? id : `${name} (${id})`}`, run: () => go(terminalHref(id)) }))

const found = (typed: string, sessions: readonly Session[]): Action[] => {
  const own = actions.value.filter((action) => action !== SHOW_PALETTE)
  const titles = new Set(own.map(({ title }) => title))
  const words = typed.toLowerCase().split(/\s+/)
  return [...own, ...PLACES.filter(({ title }) => !titles.has(title)), ...openActions(sessions)]
    .filter(({ title }) => words.every((word) => title.toLowerCase().includes(word)))
    .slice(0, MAX_SHOWN)
}

const Finder = ({ sessions }: { sessions: readonly Session[] }) => {
  const typed = useSignal('')
  const at = useSignal(0)
  const list = useRef<HTMLDivElement>(null)
  const entries = found(typed.value, sessions)
  const chosen = Math.min(at.value, entries.length - 1)
  useEffect(() => {
    list.current?.children[chosen]?.scrollIntoView({ block: 'nearest' })
  }, [chosen])
  const run = (action: Action | undefined): void => {
    overlay.value = null
    action?.run()
  }
  const press = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (event.key === 'Enter' && !event.isComposing) run(entries[chosen])
    else if (step === undefined) return
    else at.value = (chosen + step + entries.length) % Math.max(1, entries.length)
    event.preventDefault()
  }
  return (
    <>
      <input
        autofocus
        role="combobox"
        aria-label="Find a command or a session"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={entries.length > 0 ? `palette-${chosen}` : undefined}
        placeholder="Find a command or a session…"
        autocomplete="off"
        spellcheck={false}
        onKeyDown={press}
        onInput={(event) => {
          typed.value = event.currentTarget.value
          at.value = 0
        }}
      />
      <div ref={list} class="palette-list" id="palette-list" role="listbox" aria-label="Commands and sessions">
        {entries.map((action, index) => (
          // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field; aria-activedescendant tells the choice
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field takes the keys
          <div
            key={action.title}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === chosen}
            onClick={() => run(action)}
          >
            <span>{action.title}</span>
            {action.keys && <Keys keys={action.keys} />}
          </div>
        ))}
      </div>
      {entries.length === 0 && <p class="hint">Nothing is called that.</p>}
    </>
  )
}

export const Palette = ({ sessions }: { sessions: readonly Session[] }) => (
  <Dialog
    open={overlay.value === 'palette'}
    class="palette"
    label="Command palette"
    onClose={() => {
      if (overlay.value === 'palette') overlay.value = null
    }}
  >
    <Finder sessions={sessions} />
  </Dialog>
)
