/** The command palette: every action of the page, and every session by name, found by typing. */
import { hasEnded, type Session } from '@holdfast/protocol'
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { isOperator } from '../connection.ts'
import { Dialog } from '../dialog.tsx'
import { type Action, actions, type Choice, overlay, SHOW_PALETTE } from '../keys/actions.ts'
import { Keys } from '../keys/help-dialog.tsx'
import { go, NEW_SESSION, OPERATE, SESSIONS, terminalHref, WALL } from '../route.ts'

const MAX_SHOWN = 60
const places = (): Action[] => [
  { title: 'Go to the sessions', run: () => go(SESSIONS) },
  { title: 'New session', run: () => go(NEW_SESSION) },
  { title: 'Go to the wall', run: () => go(WALL) },
  ...(isOperator() ? [{ title: 'Operate: nodes, pools, charts', run: () => go(OPERATE) }] : []),
]

const openActions = (sessions: readonly Session[]): Action[] =>
  sessions
    .filter(({ phase }) => !hasEnded(phase))
    .map(({ id, name }) => ({ title: `Open ${name === id ? id : `${name} (${id})`}`, run: () => go(terminalHref(id)) }))

const everything = (sessions: readonly Session[]): Action[] => {
  const own = actions.value.filter(({ title }) => title !== SHOW_PALETTE.title)
  const titles = new Set(own.map(({ title }) => title))
  return [...own, ...places().filter(({ title }) => !titles.has(title)), ...openActions(sessions)]
}

const found = (typed: string, among: readonly Action[]): Action[] => {
  const words = typed.toLowerCase().split(/\s+/)
  return among.filter(({ title }) => words.every((word) => title.toLowerCase().includes(word))).slice(0, MAX_SHOWN)
}

const Finder = ({ label, among }: Choice) => {
  const typed = useSignal('')
  const at = useSignal(0)
  const list = useRef<HTMLDivElement>(null)
  const entries = found(typed.value, among())
  const chosen = Math.min(at.value, entries.length - 1)
  useEffect(() => {
    list.current?.children[chosen]?.scrollIntoView({ block: 'nearest' })
  }, [chosen])
  const run = (action: Action | undefined): void => {
    overlay.value = null
    setTimeout(() => action?.run()) // when the dialog is shut, and has given the focus back
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
        aria-label={label}
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={entries.length > 0 ? `palette-${chosen}` : undefined}
        placeholder={`${label}…`}
        autocomplete="off"
        spellcheck={false}
        onKeyDown={press}
        onInput={(event) => {
          typed.value = event.currentTarget.value
          at.value = 0
        }}
      />
      <div ref={list} class="palette-list" id="palette-list" role="listbox" aria-label={label}>
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

export const Palette = ({ sessions }: { sessions: readonly Session[] }) => {
  const shown = overlay.value
  const open = shown !== null && shown !== 'help'
  const choice =
    shown === 'palette'
      ? { label: 'Find a command or a session', among: () => everything(sessions) }
      : open
        ? shown
        : null
  return (
    <Dialog
      open={open}
      class="palette"
      label="Command palette"
      onClose={() => {
        if (open) overlay.value = null
      }}
    >
      {choice && <Finder {...choice} />}
    </Dialog>
  )
}
