/** One session on the page: its terminal, which is loaded only here, its search and its line. */

import type { HoldfastClient } from '@holdfast/client'
import { useSignal } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { Failure } from '../failure.tsx'
import { KeyBar } from './key-bar.tsx'
import type { Place } from './layout.ts'
import { enter, type OpenPane } from './open-panes.ts'
import { PaneFoot } from './pane-foot.tsx'
import { PasteDialog } from './paste-dialog.tsx'
import { SearchBar } from './search-bar.tsx'
import { focused } from './tabs.ts'
import { UploadList } from './upload-list.tsx'
import { Uploads } from './uploads.ts'
import { newViewState, type ViewState } from './view-state.ts'

export interface PaneProps {
  client: HoldfastClient
  session: string
  name: string
  /** null while its tab is not shown: it stays attached. */
  place: Place | null
  /** Among others: with a head of its own. */
  divided: boolean
  /** Whose user may send files to it. */
  takesFiles?: boolean
  /** The user wants to leave the terminal by keyboard. */
  onLeave(): void
  /** The session is to be left; without it, it cannot be. */
  onClose?(): void
}

const BELL_MS = 200
const touches = matchMedia('(pointer: coarse)')

/** Made once, fed by the session until it is left. */
const useLive = ({ client, session, name, onLeave }: PaneProps) => {
  const element = useRef<HTMLDivElement>(null)
  const live = useSignal<OpenPane['live']['value']>(null)
  const failure = useSignal<string | null>(null)
  const pane = useMemo<OpenPane>(
    () => ({ state: newViewState(), live, uploads: new Uploads(client, session) }),
    [session],
  )
  const latest = useRef({ name, onLeave })
  latest.current = { name, onLeave }
  useEffect(() => {
    let left = false
    const leave = enter(session, pane)
    import('./live.ts').then(
      ({ Live }) => {
        if (left || !element.current) return
        live.value = new Live({
          client,
          session,
          name: () => latest.current.name,
          element: element.current,
          state: pane.state,
          onLeave: () => latest.current.onLeave(),
        })
      },
      () => {
        failure.value = 'The terminal could not be loaded. Reload the page.'
      },
    )
    return () => {
      left = true
      leave()
      pane.uploads.dispose()
      live.value?.dispose()
      live.value = null
    }
  }, [session])
  return { element, pane, failure }
}

/** True for a moment after every bell. */
const useBell = (state: ViewState): boolean => {
  const rung = state.bells.value
  const lit = useSignal(false)
  useEffect(() => {
    if (rung === 0) return
    lit.value = true
    const timer = setTimeout(() => {
      lit.value = false
    }, BELL_MS)
    return () => clearTimeout(timer)
  }, [rung])
  return lit.value
}

/** Files that are dropped go to the session; a page that did nothing of it would be left for them. */
const useDrop = (take: ((files: FileList) => void) | undefined) => {
  const over = useSignal(false)
  const isFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false
  return {
    over: over.value && take !== undefined,
    handlers: {
      onDragOver: (event: DragEvent) => {
        if (!isFiles(event)) return
        event.preventDefault()
        over.value = true
      },
      onDragLeave: () => {
        over.value = false
      },
      onDrop: (event: DragEvent) => {
        if (!isFiles(event)) return
        event.preventDefault()
        over.value = false
        if (event.dataTransfer) take?.(event.dataTransfer.files)
      },
    },
  }
}

const percent = (share: number): string => `${share * 100}%`
const box = ({ left, top, width, height }: Place): Record<string, string> => ({
  left: percent(left),
  top: percent(top),
  width: percent(width),
  height: percent(height),
})

const PaneHead = ({ name, state, onClose }: { name: string; state: ViewState; onClose: (() => void) | undefined }) => (
  <header class="pane-head">
    <b>{name}</b>
    <span>{state.title.value}</span>
    {onClose && (
      <button type="button" class="plain" aria-label={`Leave ${name}`} onClick={onClose}>
        ×
      </button>
    )}
  </header>
)

export const PaneView = (props: PaneProps) => {
  const { session, name, place, divided, takesFiles, onClose } = props
  const { element, pane, failure } = useLive(props)
  const { state, live, uploads } = pane
  const drop = useDrop(takesFiles ? (files) => uploads.add(files) : undefined)
  const ring = useBell(state)
  const here = place !== null && focused.value === session
  useEffect(() => {
    if (here && live.value && !touches.matches) live.value.pane.focus()
  }, [here, live.value])
  const frame = `terminal-frame${ring ? ' bell' : ''}${state.foreignSize.value ? ' foreign' : ''}${drop.over ? ' dropping' : ''}`
  return (
    <section
      class={`pane${divided ? ' divided' : ''}${here ? ' here' : ''}`}
      hidden={place === null}
      style={place ? box(place) : {}}
      aria-label={name}
      onFocusIn={() => {
        focused.value = session
      }}
    >
      {divided && <PaneHead name={name} state={state} onClose={onClose} />}
      <div class={frame} {...drop.handlers}>
        <div class="terminal-view" ref={element} />
        {state.searching.value && <SearchBar pane={pane} />}
        <UploadList uploads={uploads} />
        <Failure text={failure.value} />
      </div>
      {here && touches.matches && !state.readOnly.value && <KeyBar pane={pane} />}
      <PaneFoot pane={pane} />
      <PasteDialog pane={pane} />
    </section>
  )
}
