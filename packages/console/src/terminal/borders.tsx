/** The borders between sessions of a tab: moved by mouse, finger or arrow keys. */
import { arrange, type Border, type Layout, moved } from './layout.ts'
import { weights } from './tabs.ts'

const KEY_STEP = 0.02

const percent = (share: number): string => `${share * 100}%`

const Line = ({ border }: { border: Border }) => {
  const { direction, left, top, length } = border
  const sideways = direction === 'columns'
  const drag = (event: PointerEvent): void => {
    const line = event.currentTarget as HTMLElement
    const room = line.parentElement?.getBoundingClientRect()
    if (!room) return
    line.setPointerCapture(event.pointerId)
    const before = weights.peek()
    const from = sideways ? event.clientX : event.clientY
    line.onpointermove = (move) => {
      const by = sideways ? (move.clientX - from) / room.width : (move.clientY - from) / room.height
      weights.value = moved(before, border, by)
    }
    line.onpointerup = () => {
      line.onpointermove = null
    }
  }
  const press = (event: KeyboardEvent): void => {
    const by = { ArrowLeft: -KEY_STEP, ArrowUp: -KEY_STEP, ArrowRight: KEY_STEP, ArrowDown: KEY_STEP }[event.key]
    if (by === undefined) return
    event.preventDefault()
    weights.value = moved(weights.peek(), border, by)
  }
  const sum = (weights.value[border.before] ?? 1) + (weights.value[border.after] ?? 1)
  return (
    // biome-ignore lint/a11y/useSemanticElements: a rule cannot be moved
    <div
      class={`border ${direction}`}
      role="separator"
      tabIndex={0}
      aria-label="Border between sessions"
      aria-orientation={sideways ? 'vertical' : 'horizontal'}
      aria-valuenow={Math.round(((weights.value[border.before] ?? 1) / sum) * 100)}
      style={{ left: percent(left), top: percent(top), [sideways ? 'height' : 'width']: percent(length) }}
      onPointerDown={drag}
      onKeyDown={press}
    />
  )
}

export const Borders = ({ layout }: { layout: Layout }) => (
  <>
    {arrange(layout, weights.value).borders.map((border) => (
      <Line key={`${border.before} ${border.after}`} border={border} />
    ))}
  </>
)
