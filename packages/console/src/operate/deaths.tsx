/** How sessions ended lately, also those that are forgotten; each leads to its `why`. */
import type { Death } from '@holdfast/protocol'
import { useSignal } from '@preact/signals'
import { client } from '../connection.ts'
import { Failure } from '../failure.tsx'
import { usePolled } from '../polled.ts'
import { Since } from '../since.tsx'
import { asked } from '../why/why-dialog.tsx'
import { deathText } from '../wording.ts'
import { DataTable } from './data-table.tsx'

const REFRESH_MS = 5000
const FEW = 10
const MANY = 200

const Entry = ({ death }: { death: Death }) => {
  const { session, name, node, template, cause, by } = death
  return (
    <tr>
      <th scope="row">
        <button
          type="button"
          class="in-text"
          aria-label={`Why ${name} ended`}
          onClick={() => {
            asked.value = { id: session, name }
          }}
        >
          {name}
        </button>
        <span class="second">{[template, node].filter(Boolean).join(' on ')}</span>
      </th>
      <td data-name="Ended">
        <Since iso={death.endedAt} />
      </td>
      <td data-name="Why">
        <span class={by.kind === 'command' || by.kind === 'principal' || by.kind === 'policy' ? '' : 'bad'}>
          {cause}
        </span>
        <span class="second cut">{deathText(death)}</span>
      </td>
    </tr>
  )
}

export const DeathsPart = () => {
  const limit = useSignal(FEW)
  const { value, failure } = usePolled(() => client.deathPage({ limit: limit.value }), REFRESH_MS, [limit.value])
  const deaths = value.value?.deaths
  return (
    <section class="part" aria-labelledby="deaths-title">
      <h2 id="deaths-title">How sessions ended</h2>
      <Failure text={failure.value} />
      {deaths?.length === 0 && <p class="quiet">None has ended yet, or what is known of it was kept long enough.</p>}
      {deaths && deaths.length > 0 && (
        <DataTable label="How sessions ended" heads={['Session', 'Ended', 'Why']}>
          {deaths.map((death) => (
            <Entry key={`${death.session} ${death.incarnation} ${death.endedAt}`} death={death} />
          ))}
        </DataTable>
      )}
      {value.value?.cursor !== undefined && limit.value < MANY && (
        <button
          type="button"
          onClick={() => {
            limit.value = MANY
          }}
        >
          Show more
        </button>
      )}
    </section>
  )
}
