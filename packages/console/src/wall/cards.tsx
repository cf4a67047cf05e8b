/** Cards in rows, of which only those in view are in the page: each of them asks for its screen. */
import type { Session } from '@holdfast/protocol'
import { useSignal } from '@preact/signals'
import type { RefObject } from 'preact'
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { client, explain } from '../connection.ts'
import type { Chosen } from '../sessions/chosen.ts'
import { useVirtualRows } from '../sessions/virtual-rows.ts'
import { colorsOf, followTheme } from '../terminal/theme.ts'
import { Card } from './card.tsx'
import { Screens } from './screens.ts'

/** As wall.css has them. */
const MIN_CARD_PX = 300
const ROW_PX = 236
const OVERSCAN_ROWS = 1

const useColumns = (scroller: RefObject<HTMLElement | null>): number => {
  const columns = useSignal(1)
  useLayoutEffect(() => {
    const measure = (): void => {
      columns.value = Math.max(1, Math.floor((scroller.current?.clientWidth ?? 0) / MIN_CARD_PX))
    }
    measure()
    const sizes = new ResizeObserver(measure)
    if (scroller.current) sizes.observe(scroller.current)
    return () => sizes.disconnect()
  }, [])
  return columns.value
}

/** Colours of the terminal as CSS variables of the wall. */
const useTerminalColors = (wall: RefObject<HTMLElement | null>): void => {
  useLayoutEffect(() => {
    const stop = new AbortController()
    followTheme((theme) => {
      const { foreground = null, background = null, palette = [] } = colorsOf(theme)
      const set = (name: string, color: string | null): void => wall.current?.style.setProperty(`--term-${name}`, color)
      set('fg', foreground)
      set('bg', background)
      for (const [index, color] of palette.entries()) set(String(index), color)
    }, stop.signal)
    return () => stop.abort()
  }, [])
}

const useScreens = (): Screens => {
  const screens = useMemo(() => new Screens({ read: (id) => client.screen(id, 'ansi'), explain }), [])
  useEffect(() => {
    const stop = new AbortController()
    const look = (): void => screens.pause(document.hidden)
    look()
    document.addEventListener('visibilitychange', look, { signal: stop.signal })
    return () => {
      stop.abort()
      screens.pause(true)
    }
  }, [])
  return screens
}

interface CardsProps {
  sessions: readonly Session[]
  chosen: Chosen
  /** How many stand beside each other: for the keys. */
  onColumns(columns: number): void
}

export const Cards = ({ sessions, chosen, onColumns }: CardsProps) => {
  const wall = useRef<HTMLDivElement>(null)
  const columns = useColumns(wall)
  const screens = useScreens()
  useTerminalColors(wall)
  useEffect(() => onColumns(columns), [columns])
  const rows = useVirtualRows(wall, Math.ceil(sessions.length / columns), ROW_PX, 0, OVERSCAN_ROWS)
  const current = chosen.row.value
  const index = sessions.findIndex(({ id }) => id === current)
  useEffect(() => {
    if (index < 0) return
    rows.show(Math.floor(index / columns))
    const focus = (): void =>
      wall.current?.querySelector<HTMLElement>(`[data-id="${current}"]`)?.focus({ preventScroll: true })
    const frame = requestAnimationFrame(focus) // a card that comes into view is drawn first
    return () => cancelAnimationFrame(frame)
  }, [current])
  return (
    <div class="wall" ref={wall}>
      <div style={{ height: `${rows.before}px` }} />
      <div class="wall-rows" style={{ '--columns': columns }}>
        {sessions.slice(rows.first * columns, rows.end * columns).map((session) => (
          <Card key={session.id} session={session} screens={screens} current={session.id === current} />
        ))}
      </div>
      <div style={{ height: `${rows.after}px` }} />
    </div>
  )
}
