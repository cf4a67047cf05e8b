/** One session in the list. */
import { hasEnded, type Session } from '@holdfast/protocol'
import { joinCommand } from '../command-line.ts'
import { terminalHref } from '../route.ts'
import { Since } from '../since.tsx'
import { mebibytesText, percentText } from '../units.ts'
import { asked } from '../why/why-dialog.tsx'
import { agentText, phaseText, troubleText } from '../wording.ts'
import type { Facts } from './facts.ts'

export interface RowProps {
  session: Session
  /** Its place in the whole list, from 1. */
  place: number
  current: boolean
  marked: boolean
  ending: boolean
  facts: Facts | undefined
  onMark(range: boolean): void
  onEnd(): void
  onLabel(label: string): void
}

const Status = ({ session }: { session: Session }) => {
  const { tone, text } = phaseText(session)
  const agent = agentText(session)
  return (
    <td class="c-phase">
      <button
        type="button"
        class={`phase ${tone}`}
        title="Why it is so"
        aria-label={`Why ${session.name} is so: ${text}`}
        onClick={() => {
          asked.value = session
        }}
      >
        {text}
      </button>
      {agent && (
        <span class={`agent ${agent.tone}`} title={session.agent?.evidence}>
          {agent.text}
        </span>
      )}
    </td>
  )
}

const Under = ({ session, onLabel }: Pick<RowProps, 'session' | 'onLabel'>) => {
  const trouble = troubleText(session)
  if (trouble) return <span class="trouble">{trouble}</span>
  const labels = Object.entries(session.labels).map(([name, value]) => `${name}=${value}`)
  return (
    <span class="under">
      {session.name !== session.id && <span class="id">{session.id}</span>}
      {labels.map((label) => (
        <button key={label} type="button" class="label" title={`Filter by ${label}`} onClick={() => onLabel(label)}>
          {label}
        </button>
      ))}
    </span>
  )
}

/** The program, and the last command of its shell or else the title. */
const Command = ({ session, facts }: Pick<RowProps, 'session' | 'facts'>) => {
  const last = facts?.lastCommand
  const failed = last?.exitCode ? <span class="trouble-code"> ✗ {last.exitCode}</span> : null
  return (
    <td class="c-command">
      <code>{joinCommand([session.command, ...session.args])}</code>
      {last?.command ? (
        <span class="second" title={last.state === 'ended' ? 'its last command' : 'its command that runs'}>
          <code>$ {last.command}</code>
          {last.state === 'ended' ? failed : ' …'}
        </span>
      ) : (
        session.title && <span class="second">{session.title}</span>
      )}
    </td>
  )
}

const Uses = ({ facts }: { facts: Facts | undefined }) => (
  <td class="c-uses">
    {facts && (
      <>
        {mebibytesText(facts.memoryBytes / 2 ** 20)}
        <span class="second">{facts.cpu !== null && `${percentText(facts.cpu)} CPU`}</span>
      </>
    )}
  </td>
)

export const Row = ({ session, place, current, marked, ending, facts, onMark, onEnd, onLabel }: RowProps) => {
  const ended = hasEnded(session.phase)
  const verb = ended ? 'Remove' : 'End'
  const states = [ended && 'ended', current && 'current', marked && 'marked', ending && 'ending'].filter(Boolean)
  return (
    <tr class={states.join(' ')} aria-rowindex={place + 1} data-id={session.id}>
      <td class="c-mark">
        <input
          type="checkbox"
          checked={marked}
          aria-label={`Select ${session.name}`}
          onClick={(event) => onMark(event.shiftKey)}
        />
      </td>
      <Status session={session} />
      <th scope="row" class="c-name">
        <a class="row-link" href={terminalHref(session.id)} title={session.name}>
          {session.name}
        </a>
        <Under session={session} onLabel={onLabel} />
      </th>
      <Command session={session} facts={facts} />
      <td class="c-template">{session.template}</td>
      <td class="c-node">
        {session.node ?? <span class="quiet">none yet</span>}
        {session.node !== session.region && <span class="second">{session.region}</span>}
      </td>
      <td class="c-size">
        {session.cols}×{session.rows}
      </td>
      <td class="c-viewers">
        {session.viewers}
        <span class="unit"> {session.viewers === 1 ? 'viewer' : 'viewers'}</span>
      </td>
      <Uses facts={facts} />
      <td class="c-idle">{!ended && session.activity && <Since iso={session.activity.at} />}</td>
      <td class="c-age">
        <Since iso={session.createdAt} />
      </td>
      <td class="c-actions">
        <button
          type="button"
          class="plain small"
          aria-label={`${verb} ${session.name}`}
          disabled={ending}
          onClick={onEnd}
        >
          {verb}
        </button>
      </td>
    </tr>
  )
}
