/** Where a session of a template would go now, and what speaks against each other node. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { client } from '../connection.ts'
import { Failure } from '../failure.tsx'
import { usePolled } from '../polled.ts'

const REFRESH_MS = 5000

export const PlacementPart = () => {
  const templates = useSignal<readonly string[]>([])
  const template = useSignal<string | undefined>(undefined)
  const { value, failure } = usePolled(
    () => client.placement(template.value === undefined ? {} : { template: template.value }),
    REFRESH_MS,
    [template.value],
  )
  useEffect(() => {
    client.templates().then(
      (all) => {
        templates.value = all.map(({ name }) => name)
      },
      () => undefined, // the placement of the default one is shown all the same
    )
  }, [])
  const placement = value.value
  return (
    <section class="part" aria-labelledby="placement-title">
      <div class="part-head">
        <h2 id="placement-title">Where a new session would go</h2>
        <select
          aria-label="Template"
          onChange={(event) => {
            template.value = event.currentTarget.value
          }}
        >
          {templates.value.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </div>
      <Failure text={failure.value} />
      {placement?.node === null && (
        <p class="failure">
          No node takes it now: it would wait until its start deadline. Give a node room, or uncordon one.
        </p>
      )}
      {placement && (
        <ol class="placement">
          {placement.nodes.map(({ id, reasons, score, tier, warm }) => (
            <li key={id}>
              <b class={id === placement.node ? 'good' : ''}>{id}</b>
              {id === placement.node && <span class="good">it goes here</span>}
              <span class={reasons.length > 0 ? 'bad' : 'quiet'}>
                {reasons.length > 0 ? reasons.join('; ') : `score ${score?.toFixed(2) ?? '–'}`}
                {tier > 0 && `, tier ${tier}`}
                {warm && ', a warm host waits'}
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}
