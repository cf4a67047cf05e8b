/** One session on the wall: its screen, its name and what it is doing; all of it is the way in. */
import { hasEnded, type Session } from '@holdfast/protocol'
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { terminalHref } from '../route.ts'
import { agentText, phaseText, troubleText } from '../wording.ts'
import type { Screens, Shot } from './screens.ts'
import { Thumbnail } from './thumbnail.tsx'

/** Before a session runs it has no screen. */
const hasScreen = ({ phase }: Session): boolean => phase !== 'pending' && phase !== 'starting'

const Inside = ({ session, shot }: { session: Session; shot: Shot }) => {
  if (!hasScreen(session)) return <p class="quiet">{troubleText(session) ?? 'It has no screen yet.'}</p>
  if (shot === null) return <p class="quiet">Loading…</p>
  if ('failure' in shot) return <p class="quiet">{shot.failure}</p>
  return <Thumbnail ansi={shot.ansi} cols={session.cols} rows={session.rows} />
}

const useShot = (session: Session, screens: Screens): Shot => {
  const shot = useSignal<Shot>(null)
  const { id } = session
  const has = hasScreen(session)
  const ended = hasEnded(session.phase)
  const known = useRef(session)
  useEffect(() => (has ? screens.watch(id, shot, ended) : undefined), [id, has])
  useEffect(() => {
    if (known.current !== session) screens.changed(id, ended)
    known.current = session
  }, [session])
  return shot.value
}

export const Card = ({ session, screens, current }: { session: Session; screens: Screens; current: boolean }) => {
  const shot = useShot(session, screens)
  const phase = phaseText(session)
  const agent = agentText(session)
  return (
    <a class={`wall-card ${current ? 'current' : ''}`} href={terminalHref(session.id)} data-id={session.id}>
      <span class="wall-screen">
        <Inside session={session} shot={shot} />
      </span>
      <span class="wall-foot">
        <b>{session.name}</b>
        {agent && <span class={`wall-agent ${agent.tone}`}>{agent.text}</span>}
        <span class={`phase ${phase.tone}`}>{phase.text}</span>
      </span>
    </a>
  )
}
