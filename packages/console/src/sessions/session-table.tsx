/** Sessions as a table; on a narrow screen the same rows are cards. */
import { hasEnded, type Session } from '@holdfast/protocol'
import { joinCommand } from '../command-line.ts'
import { now } from '../now.ts'
import { terminalHref } from '../route.ts'
import { ageText, phaseText, troubleText } from '../wording.ts'

export const PhaseBadge = ({ session }: { session: Session }) => {
  const { tone, text } = phaseText(session)
  return <span class={`phase ${tone}`}>{text}</span>
}

/** A component of its own, so that a second's tick redraws the text and not the table. */
const Age = ({ iso }: { iso: string }) => (
  <time dateTime={iso} title={new Date(iso).toLocaleString()}>
    {ageText(iso, now.value)}
  </time>
)

const Row = ({ session, onEnd }: { session: Session; onEnd: () => void }) => {
  const trouble = troubleText(session)
  const ended = hasEnded(session.phase)
  const label = ended ? 'Remove' : 'End'
  return (
    <tr class={ended ? 'ended' : ''}>
      <td class="c-phase">
        <PhaseBadge session={session} />
      </td>
      <th scope="row" class="c-name">
        <a class="row-link" href={terminalHref(session.id)}>
          {session.name}
        </a>
        {session.name !== session.id && <span class="id">{session.id}</span>}
        {trouble && <span class="trouble">{trouble}</span>}
      </th>
      <td class="c-command">
        <code>{joinCommand([session.command, ...session.args])}</code>
      </td>
      <td class="c-template">{session.template}</td>
      <td class="c-size">
        {session.cols}×{session.rows}
      </td>
      <td class="c-viewers">
        {session.viewers}
        <span class="unit"> {session.viewers === 1 ? 'viewer' : 'viewers'}</span>
      </td>
      <td class="c-age">
        <Age iso={session.createdAt} />
      </td>
      <td class="c-actions">
        <button type="button" class="plain" aria-label={`${label} ${session.name}`} onClick={onEnd}>
          {label}
        </button>
      </td>
    </tr>
  )
}

export const SessionTable = (props: { sessions: readonly Session[]; onEnd: (session: Session) => void }) => (
  <table class="sessions">
    <thead>
      <tr>
        <th scope="col">Phase</th>
        <th scope="col">Name</th>
        <th scope="col">Command</th>
        <th scope="col">Template</th>
        <th scope="col">Size</th>
        <th scope="col" class="number">
          Viewers
        </th>
        <th scope="col" class="number">
          Age
        </th>
        <th scope="col">
          <span class="only-heard">Actions</span>
        </th>
      </tr>
    </thead>
    <tbody>
      {props.sessions.map((session) => (
        <Row key={session.id} session={session} onEnd={() => props.onEnd(session)} />
      ))}
    </tbody>
  </table>
)
