/** The warm pools: what should wait, what does, and what keeps one from being filled. */
import type { PoolState } from '@holdfast/protocol'
import { client } from '../connection.ts'
import { Failure } from '../failure.tsx'
import { usePolled } from '../polled.ts'
import type { Tone } from '../wording.ts'
import { DataTable } from './data-table.tsx'

const REFRESH_MS = 5000

const stateOf = ({ state, waiting, wanted, failures, retryAt }: PoolState): { tone: Tone; text: string } => {
  const after = `after ${failures} ${failures === 1 ? 'failure' : 'failures'}`
  if (state === 'stopped') return { tone: 'bad', text: `stopped ${after}; reset it to try again` }
  if (state === 'backing-off')
    return { tone: 'busy', text: `${after}, next try ${retryAt ? new Date(retryAt).toLocaleTimeString() : 'soon'}` }
  return waiting >= wanted ? { tone: 'good', text: 'ready' } : { tone: 'busy', text: 'filling' }
}

const Pool = ({ pool, onReset }: { pool: PoolState; onReset(): void }) => {
  const { tone, text } = stateOf(pool)
  return (
    <tr>
      <th scope="row">
        {pool.template}
        <span class="second">on {pool.node}</span>
      </th>
      <td data-name="Ready">
        {pool.waiting} of {pool.wanted}
      </td>
      <td data-name="State">
        <span class={`phase ${tone}`}>{text}</span>
        {pool.error && <span class="trouble">{pool.error}</span>}
      </td>
      <td class="acts">
        {pool.failures > 0 && (
          <button type="button" class="small" aria-label={`Reset the pool of ${pool.template}`} onClick={onReset}>
            Reset
          </button>
        )}
      </td>
    </tr>
  )
}

export const PoolsPart = () => {
  const { value, failure, refusal, act } = usePolled(() => client.pools(), REFRESH_MS)
  const pools = value.value
  const reset = (template: string): Promise<void> =>
    act(async () => {
      await client.resetPool(template)
      return client.pools()
    })
  return (
    <section class="part" aria-labelledby="pools-title">
      <h2 id="pools-title">Warm pools</h2>
      <Failure text={failure.value} />
      <Failure text={refusal.value} />
      {pools?.length === 0 && (
        <p class="quiet">
          No template has one. <code>pool: {'{ size: 2 }'}</code> in a template keeps started hosts waiting, so that its
          sessions start in milliseconds.
        </p>
      )}
      {pools && pools.length > 0 && (
        <DataTable label="Warm pools" heads={['Template', 'Ready', 'State']} acts>
          {pools.map((pool) => (
            <Pool key={`${pool.template} ${pool.node}`} pool={pool} onReset={() => void reset(pool.template)} />
          ))}
        </DataTable>
      )}
    </section>
  )
}
