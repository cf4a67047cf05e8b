/** Sessions as a table of which only what is in view is drawn; on a narrow screen the same rows are cards. */
import type { Session } from '@holdfast/protocol'
import type { Signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { narrow } from '../narrow.ts'
import type { Chosen } from './chosen.ts'
import type { Endings } from './endings.ts'
import { useFacts } from './facts.ts'
import { type Column, type Order, turned } from './order.ts'
import { Row } from './row.tsx'
import { useVirtualRows } from './virtual-rows.ts'

export interface TableProps {
  sessions: readonly Session[]
  chosen: Chosen
  order: Signal<Order>
  endings: Endings
  onLabel(label: string): void
}

/** As sessions.css has them. */
const ROW_PX = 56
const CARD_PX = 108
const HEAD_PX = 36

const HEADS: readonly { title: string; class: string; column?: Column }[] = [
  { title: 'Status', class: 'c-phase', column: 'status' },
  { title: 'Name', class: 'c-name', column: 'name' },
  { title: 'Command', class: 'c-command', column: 'command' },
  { title: 'Template', class: 'c-template', column: 'template' },
  { title: 'Node', class: 'c-node', column: 'node' },
  { title: 'Size', class: 'c-size' },
  { title: 'Viewers', class: 'c-viewers', column: 'viewers' },
  { title: 'Uses', class: 'c-uses' },
  { title: 'Idle', class: 'c-idle', column: 'idle' },
  { title: 'Age', class: 'c-age', column: 'age' },
]

const Head = ({
  head: { title, class: name, column },
  order,
}: {
  head: (typeof HEADS)[number]
  order: Signal<Order>
}) => {
  const is = column === order.value.column
  const direction = order.value.reversed ? 'descending' : 'ascending'
  return (
    <th scope="col" class={name} aria-sort={is ? direction : undefined}>
      {column === undefined ? (
        title
      ) : (
        <button
          type="button"
          onClick={() => {
            order.value = turned(order.value, column)
          }}
        >
          {title}
          <span aria-hidden="true">{is ? (order.value.reversed ? ' ↑' : ' ↓') : ''}</span>
        </button>
      )}
    </th>
  )
}

const Heads = ({ sessions, chosen, order }: TableProps) => (
  <thead>
    <tr aria-rowindex={1}>
      <th scope="col" class="c-mark">
        <input
          type="checkbox"
          aria-label="Select all that are shown"
          checked={sessions.every(({ id }) => chosen.ids.value.has(id))}
          onClick={() => chosen.all(sessions)}
        />
      </th>
      {HEADS.map((head) => (
        <Head key={head.title} head={head} order={order} />
      ))}
      <th scope="col" class="c-actions">
        <span class="only-heard">Actions</span>
      </th>
    </tr>
  </thead>
)

/** Room for what is not drawn. */
const Gap = ({ px }: { px: number }) =>
  px > 0 ? (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing in it takes the focus
    <tr class="gap" aria-hidden="true">
      <td colSpan={HEADS.length + 2} style={{ height: `${px}px` }} />
    </tr>
  ) : null

export const SessionTable = (props: TableProps) => {
  const { sessions, chosen, endings, onLabel } = props
  const scroller = useRef<HTMLDivElement>(null)
  const rows = useVirtualRows(scroller, sessions.length, narrow.value ? CARD_PX : ROW_PX, HEAD_PX)
  const drawn = sessions.slice(rows.first, rows.end)
  const facts = useFacts(drawn)
  const current = chosen.row.value
  const index = sessions.findIndex(({ id }) => id === current)
  useEffect(() => {
    if (index < 0) return
    rows.show(index)
    const focus = (): void =>
      scroller.current?.querySelector<HTMLElement>(`[data-id="${current}"] a`)?.focus({ preventScroll: true })
    const frame = requestAnimationFrame(focus) // a row that comes into view is drawn first
    return () => cancelAnimationFrame(frame)
  }, [current])
  return (
    <div class="sessions-room" ref={scroller}>
      <table class="sessions" aria-rowcount={sessions.length + 1} aria-label="Sessions">
        <Heads {...props} />
        <tbody>
          <Gap px={rows.before} />
          {drawn.map((session, at) => (
            <Row
              key={session.id}
              session={session}
              place={rows.first + at + 1}
              current={session.id === current}
              marked={chosen.ids.value.has(session.id)}
              ending={endings.has(session.id)}
              facts={facts.value.get(session.id)}
              onMark={(range) => chosen.toggle(session.id, sessions, range)}
              onEnd={() => endings.plan([session])}
              onLabel={onLabel}
            />
          ))}
          <Gap px={rows.after} />
        </tbody>
      </table>
    </div>
  )
}
