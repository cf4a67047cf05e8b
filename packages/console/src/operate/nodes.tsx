/** The nodes: how full they are, whether they take sessions, and the operator's word on it. */
import type { NodeList, NodeView } from '@holdfast/protocol'
import type { Signal } from '@preact/signals'
import { client } from '../connection.ts'
import { Failure } from '../failure.tsx'
import type { Polled } from '../polled.ts'
import { mebibytesText, percentText } from '../units.ts'
import type { Tone } from '../wording.ts'
import { DataTable } from './data-table.tsx'
import { DrainDialog } from './drain-dialog.tsx'

const FULL = 0.9
const CLOSE = 0.75

export const stateOf = ({ reachable, draining, cordoned, sessions }: NodeView): { tone: Tone; text: string } => {
  if (!reachable) return { tone: 'bad', text: 'does not answer' }
  if (draining && sessions === 0) return { tone: 'quiet', text: 'drained: no sessions left' }
  if (draining) return { tone: 'busy', text: `draining: ${sessions} ${sessions === 1 ? 'session' : 'sessions'} left` }
  return cordoned ? { tone: 'quiet', text: 'cordoned' } : { tone: 'good', text: 'takes sessions' }
}

const Share = ({ name, share, more }: { name: string; share: number; more?: string }) => (
  <span class={`share-bar ${share >= FULL ? 'bad' : share >= CLOSE ? 'busy' : 'good'}`} title={more}>
    <span class="share-name">{name}</span>
    <span class="share-track" aria-hidden="true">
      <span style={{ width: `${Math.min(1, share) * 100}%` }} />
    </span>
    <span class="share-text">{percentText(share)}</span>
  </span>
)

const Pressure = ({ pressure }: Pick<NodeView, 'pressure'>) =>
  pressure === null ? (
    <span class="quiet">it does not say</span>
  ) : (
    <span class="shares">
      <Share name="Load" share={pressure.cpu} />
      <Share name="Memory" share={pressure.memory} more={`${mebibytesText(pressure.memoryFreeMb)} free`} />
      <Share name="Disk" share={pressure.disk} more={`${mebibytesText(pressure.diskFreeMb)} free`} />
      <Share name="Processes" share={pressure.pids} />
    </span>
  )

const of = (used: string, limit: string | undefined): string => (limit === undefined ? used : `${used} of ${limit}`)
const text = (value: number | undefined): string | undefined => value?.toLocaleString('en')

const Promised = ({ reserved, capacity }: NodeView) => (
  <>
    {of(text(reserved.cpus) ?? '', text(capacity.cpus))} cores
    <span class="second">
      {of(
        mebibytesText(reserved.memoryMb),
        capacity.memoryMb === undefined ? undefined : mebibytesText(capacity.memoryMb),
      )}
    </span>
  </>
)

interface RowProps {
  node: NodeView
  act: Polled<NodeList>['act']
  onDrain(): void
}

const NodeRow = ({ node, act, onDrain }: RowProps) => {
  const { tone, text: state } = stateOf(node)
  const { id, cordoned, draining, capacity } = node
  const toggle = () => act(() => (cordoned ? client.uncordon(id) : client.cordon(id)))
  return (
    <tr>
      <th scope="row">
        {id}
        <span class="second">{[node.runtime, node.engine, node.zone].filter(Boolean).join(' · ')}</span>
      </th>
      <td data-name="State">
        <span class={`phase ${tone}`}>{state}</span>
        {!node.reachable && node.lastError && <span class="trouble">{node.lastError}</span>}
      </td>
      <td data-name="Sessions">{of(text(node.sessions) ?? '', text(capacity.sessions))}</td>
      <td data-name="Promised">
        <Promised {...node} />
      </td>
      <td data-name="Pressure">
        <Pressure pressure={node.pressure} />
      </td>
      <td class="acts">
        <button type="button" class="small" aria-label={`${cordoned ? 'Uncordon' : 'Cordon'} ${id}`} onClick={toggle}>
          {cordoned ? 'Uncordon' : 'Cordon'}
        </button>
        <button type="button" class="small danger" aria-label={`Drain ${id}`} disabled={draining} onClick={onDrain}>
          Drain
        </button>
      </td>
    </tr>
  )
}

interface NodesProps {
  nodes: Polled<NodeList>
  /** The node that a drain is asked for. */
  draining: Signal<string | null>
}

export const NodesPart = ({ nodes: { value, failure, refusal, act }, draining }: NodesProps) => {
  const nodes = value.value?.nodes
  return (
    <section class="part" aria-labelledby="nodes-title">
      <h2 id="nodes-title">Nodes</h2>
      <Failure text={failure.value && `The nodes are not up to date: ${failure.value}`} />
      <Failure text={refusal.value} />
      {nodes === undefined && failure.value === null && <p class="quiet">Loading the nodes…</p>}
      {nodes && (
        <DataTable label="Nodes" heads={['Node', 'State', 'Sessions', 'Promised', 'Pressure']} acts>
          {nodes.map((node) => (
            <NodeRow
              key={node.id}
              node={node}
              act={act}
              onDrain={() => {
                draining.value = node.id
              }}
            />
          ))}
        </DataTable>
      )}
      <DrainDialog
        node={nodes?.find(({ id }) => id === draining.value) ?? null}
        onClose={() => {
          draining.value = null
        }}
        onDrain={(id, endIdleSeconds) => void act(() => client.drain(id, endIdleSeconds))}
      />
    </section>
  )
}
