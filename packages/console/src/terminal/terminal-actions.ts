/** What can be done on the terminal page: Ctrl+Shift and a letter or nothing, for no shell can have those; the rest by the palette. */
import { hasEnded, type Session } from '@holdfast/protocol'
import { client, explain } from '../connection.ts'
import { type Action, overlay, SHOW_HELP, SHOW_PALETTE } from '../keys/actions.ts'
import { changeLook, look, nextTheme, PREDICTIONS, zoom } from '../look.ts'
import { switchNotifications } from '../notifications.ts'
import { go, SESSIONS } from '../route.ts'
import type { Endings } from '../sessions/endings.ts'
import type { SessionList } from '../sessions/session-list.ts'
import { sharing } from '../share/share-dialog.tsx'
import { asked } from '../why/why-dialog.tsx'
import { downloading } from './download-dialog.tsx'
import { focusedPane } from './open-panes.ts'
import { closeSession, focused, splitFocused, stepFocus, stepTab } from './tabs.ts'

const FONTS = ['', 'JetBrains Mono', 'Fira Code', 'Cascadia Mono', 'Menlo', 'Consolas', 'DejaVu Sans Mono', 'monospace']

const say = (text: string | null): void => {
  const pane = focusedPane()
  if (pane) pane.state.notice.value = text
}

/** A new one like the focused one, or one that runs. */
const chooseForSplit = (list: SessionList, direction: 'right' | 'below'): void => {
  const template = list.get(focused.peek())?.template
  const started = async (): Promise<void> => {
    try {
      const session = await client.createSession(template === undefined ? {} : { template })
      list.put(session)
      splitFocused(session.id, direction)
    } catch (error) {
      say(`No new session: ${explain(error)}`)
    }
  }
  const others = () => list.sessions.value.filter(({ id, phase }) => !hasEnded(phase) && id !== focused.peek())
  overlay.value = {
    label: direction === 'right' ? 'Open beside it' : 'Open below it',
    among: () => [
      { title: `New session${template === undefined ? '' : ` of ${template}`}`, run: () => void started() },
      ...others().map(({ id, name }: Session) => ({
        title: name === id ? id : `${name} (${id})`,
        run: () => splitFocused(id, direction),
      })),
    ],
  }
}

const chooseFont = (): void => {
  overlay.value = {
    label: 'Font of the terminal',
    among: () => FONTS.map((font) => ({ title: font || 'The usual one', run: () => changeLook({ font }) })),
  }
}

const WHEN = { auto: 'Where the session is far away', always: 'Always', never: 'Never' } as const

const choosePrediction = (): void => {
  overlay.value = {
    label: 'Show keys before their echo comes',
    among: () =>
      PREDICTIONS.map((predict) => ({
        title: look.value.predict === predict ? `${WHEN[predict]} (now)` : WHEN[predict],
        run: () => changeLook({ predict }),
      })),
  }
}

const chooseFiles = (): void => {
  const chooser = Object.assign(document.createElement('input'), { type: 'file', multiple: true })
  const { uploads } = focusedPane() ?? {}
  chooser.onchange = () => uploads?.add(chooser.files ?? [])
  chooser.click()
}

export const fullScreen = (): void => {
  if (document.fullscreenElement) void document.exitFullscreen()
  else document.documentElement.requestFullscreen().catch(() => say('The browser does not allow full screen here.'))
}

const end = (list: SessionList, endings: Endings): void => {
  const session = list.get(focused.peek())
  if (session === undefined) return
  endings.plan([session])
  closeSession(session.id)
}

export const terminalActions = (list: SessionList, endings: Endings): Action[] => [
  { ...SHOW_PALETTE, keys: 'ctrl+shift+p' },
  {
    title: 'Find in the terminal',
    keys: 'ctrl+shift+f',
    run: () => {
      const pane = focusedPane()
      if (pane) pane.state.searching.value = true
    },
  },
  { title: 'Command above', keys: 'ctrl+shift+a', run: () => focusedPane()?.live.value?.pane.jump(-1) },
  { title: 'Command below', keys: 'ctrl+shift+b', run: () => focusedPane()?.live.value?.pane.jump(1) },
  { title: 'Split: beside', keys: 'ctrl+shift+e', run: () => chooseForSplit(list, 'right') },
  { title: 'Split: below', keys: 'ctrl+shift+o', run: () => chooseForSplit(list, 'below') },
  { title: 'Next session of the tab', keys: 'ctrl+shift+s', run: () => stepFocus(1) },
  { title: 'Leave the session', keys: 'ctrl+shift+x', run: () => closeSession(focused.peek()) },
  { title: 'Next tab', keys: 'ctrl+shift+>', run: () => stepTab(1) },
  { title: 'Previous tab', keys: 'ctrl+shift+<', run: () => stepTab(-1) },
  { title: 'Full screen', keys: 'ctrl+shift+z', run: fullScreen },
  { title: 'Larger text', run: () => zoom(1) },
  { title: 'Smaller text', run: () => zoom(-1) },
  { title: 'Text of the usual size', run: () => zoom(0) },
  { title: 'Font of the terminal', run: chooseFont },
  { title: 'Theme: system, light, dark in turn', run: nextTheme },
  { title: 'Show keys before their echo: when', run: choosePrediction },
  {
    title: 'Screen reader mode on or off',
    run: () => changeLook({ screenReader: !look.value.screenReader }),
  },
  { title: 'Notifications on or off', run: () => void switchNotifications().then(say) },
  { title: 'Copy as HTML', run: () => void focusedPane()?.live.value?.pane.copyAsHtml().then(say) },
  { title: 'Upload files', run: chooseFiles },
  {
    title: 'Download a file',
    run: () => {
      downloading.value = focused.peek()
    },
  },
  { title: 'Take control of the size', run: () => focusedPane()?.live.value?.takeControl() },
  {
    title: 'Share this session',
    run: () => {
      sharing.value = focused.peek()
    },
  },
  {
    title: 'Why this session is so',
    run: () => {
      const id = focused.peek()
      asked.value = { id, name: list.get(id)?.name ?? id }
    },
  },
  { title: 'End this session', run: () => end(list, endings) },
  { title: 'Go to the sessions', run: () => go(SESSIONS) },
  { title: SHOW_HELP.title, run: SHOW_HELP.run },
]
