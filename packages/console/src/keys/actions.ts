/** What the page can do now: one list for its keys, the command palette and the help. */
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

export interface Action {
  title: string
  /** `j`, `G`, `ctrl+shift+f`: as KeyboardEvent.key has it, several with spaces between. */
  keys?: string
  run(): void
}

export const actions = signal<readonly Action[]>([])
/** Some actions of which one is to be chosen. */
export interface Choice {
  label: string
  /** As they are now: sessions come and go while it is open. */
  among(): readonly Action[]
}
/** What is open over the page. */
export const overlay = signal<'palette' | 'help' | Choice | null>(null)

export const SHOW_PALETTE: Action = {
  title: 'Command palette',
  keys: 'ctrl+k ctrl+shift+p',
  run: () => {
    overlay.value = 'palette'
  },
}
export const SHOW_HELP: Action = {
  title: 'Keyboard help',
  keys: '?',
  run: () => {
    overlay.value = 'help'
  },
}

/** The actions of a page, while it is shown. `make` is called again when one of `inputs` changes. */
export const useActions = (make: () => readonly Action[], inputs: readonly unknown[]): void => {
  useEffect(() => {
    actions.value = make()
  }, [...inputs])
  useEffect(
    () => () => {
      actions.value = []
    },
    [],
  )
}

type Press = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'shiftKey' | 'altKey' | 'metaKey'>

const pressOf = ({ key, ctrlKey, shiftKey, altKey, metaKey }: Press): string => {
  if (!ctrlKey && !altKey && !metaKey) return key
  const held = [ctrlKey && 'ctrl', altKey && 'alt', metaKey && 'meta', shiftKey && 'shift'].filter(Boolean)
  return [...held, key.toLowerCase()].join('+')
}

export const actionOf = (press: Press, among: readonly Action[]): Action | undefined => {
  const pressed = pressOf(press)
  return among.find(({ keys }) => keys?.split(' ').includes(pressed))
}

const types = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches('input:not([type=checkbox]), textarea, select')

/** Call once. A terminal takes its keys itself: of those only what no shell can have is an action. */
export const followKeys = (): void => {
  addEventListener('keydown', (event) => {
    const { target } = event
    if (event.defaultPrevented || event.isComposing || document.querySelector('dialog[open]')) return
    const action = types(target) && !event.ctrlKey ? undefined : actionOf(event, actions.value)
    const isLink = event.key === 'Enter' && target instanceof HTMLElement && target.matches('a, button')
    if (action === undefined || isLink) return
    event.preventDefault()
    action.run()
  })
}

/** For people: `Ctrl+Shift+F`. */
export const keyNames = (keys: string): string[][] =>
  keys
    .split(' ')
    .map((press) =>
      press === '+'
        ? ['+']
        : press
            .split('+')
            .map((part) => (part.length > 1 || press.includes('+') ? part[0]?.toUpperCase() + part.slice(1) : part)),
    )
