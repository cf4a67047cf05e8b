/** For operators: nodes, placement, pools, charts and ends, and what can be done about them. */
import type { NodeList } from '@holdfast/protocol'
import { type Signal, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { client, isOperator } from '../connection.ts'
import { type Action, SHOW_HELP, SHOW_PALETTE, useActions } from '../keys/actions.ts'
import { ChartsPart } from '../operate/charts.tsx'
import { DeathsPart } from '../operate/deaths.tsx'
import { NodesPart } from '../operate/nodes.tsx'
import { PlacementPart } from '../operate/placement.tsx'
import { PoolsPart } from '../operate/pools.tsx'
import { type Polled, usePolled } from '../polled.ts'
import { go, SESSIONS } from '../route.ts'
import { Since } from '../since.tsx'

const REFRESH_MS = 3000

const actionsOf = (list: NodeList | null, act: Polled<NodeList>['act'], draining: Signal<string | null>): Action[] => [
  ...(list?.nodes ?? []).map(({ id, cordoned }) => ({
    title: `${cordoned ? 'Uncordon' : 'Cordon'} ${id}`,
    run: () => void act(() => (cordoned ? client.uncordon(id) : client.cordon(id))),
  })),
  ...(list?.nodes ?? []).map(({ id }) => ({
    title: `Drain ${id}…`,
    run: () => {
      draining.value = id
    },
  })),
  {
    title: `Maintenance ${list?.maintenance ? 'off' : 'on'}`,
    run: () => void act(() => client.setMaintenance(!list?.maintenance)),
  },
  { title: 'Go to the sessions', run: () => go(SESSIONS) },
  SHOW_PALETTE,
  SHOW_HELP,
]

const Maintenance = ({ list, act }: { list: NodeList; act: Polled<NodeList>['act'] }) => {
  const { maintenance } = list
  return (
    <div class={`maintenance ${maintenance ? 'on' : ''}`}>
      <span>
        {maintenance ? (
          <>
            <b>Maintenance</b> for <Since iso={maintenance.since} />: no timer ends a session. When it is turned off,
            what is overdue by then is acted upon.
          </>
        ) : (
          'Maintenance freezes every timer that ends sessions.'
        )}
      </span>
      <button type="button" onClick={() => void act(() => client.setMaintenance(maintenance === null))}>
        Maintenance {maintenance ? 'off' : 'on'}
      </button>
    </div>
  )
}

const Operate = () => {
  const nodes = usePolled(() => client.nodes(), REFRESH_MS)
  const list = nodes.value.value
  const flags = list?.nodes.map(({ id, cordoned }) => `${id} ${cordoned}`).join()
  const draining = useSignal<string | null>(null)
  useActions(() => actionsOf(list, nodes.act, draining), [flags, list?.maintenance === null])
  return (
    <main class="page operate">
      <div class="heading">
        <h1>Operate</h1>
        {list && <Maintenance list={list} act={nodes.act} />}
      </div>
      <NodesPart nodes={nodes} draining={draining} />
      <ChartsPart />
      <div class="two-parts">
        <PlacementPart />
        <PoolsPart />
      </div>
      <DeathsPart />
    </main>
  )
}

export const OperatePage = () => {
  useEffect(() => {
    document.title = 'Operate · Holdfast'
  }, [])
  if (isOperator()) return <Operate />
  return (
    <main class="page narrow">
      <h1>For operators</h1>
      <p>
        Your API key is that of a user: it has its own sessions, and nothing that concerns all of them. Who runs this
        Holdfast can give you one with <code>role: operator</code>.
      </p>
      <a href={SESSIONS}>Go to the sessions</a>
    </main>
  )
}
