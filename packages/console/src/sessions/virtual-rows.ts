/** Which rows of a long list are drawn: those in view and a few around, in Preact, by TanStack's virtualizer. */
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core'
import type { RefObject } from 'preact'
import { useLayoutEffect, useReducer, useState } from 'preact/hooks'

export interface VirtualRows {
  /** Index of the first drawn row, and of the first one behind. */
  first: number
  end: number
  /** Pixels that the rows before and behind would take. */
  before: number
  after: number
  /** So that it is in view. */
  show(index: number): void
}

const OVERSCAN = 12

/** All rows are `rowPx` high; `headPx` of the scroller are covered by a head that stays; `overscan` rows are drawn out of view. */
export const useVirtualRows = (
  scroller: RefObject<HTMLElement | null>,
  count: number,
  rowPx: number,
  headPx: number,
  overscan = OVERSCAN,
): VirtualRows => {
  const [, redraw] = useReducer<number, undefined>((times) => times + 1, 0)
  const options = {
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    scrollToFn: elementScroll<HTMLElement>,
    observeElementRect: observeElementRect<HTMLElement>,
    observeElementOffset: observeElementOffset<HTMLElement>,
    overscan,
    scrollPaddingStart: headPx,
    initialRect: { width: 0, height: 900 },
    onChange: () => redraw(undefined),
  }
  const [virtualizer] = useState(() => new Virtualizer<HTMLElement, HTMLElement>(options))
  virtualizer.setOptions(options)
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer])
  useLayoutEffect(() => virtualizer._willUpdate())
  useLayoutEffect(() => virtualizer.measure(), [virtualizer, rowPx])
  const items = virtualizer.getVirtualItems()
  const first = items[0]?.index ?? 0
  const end = (items.at(-1)?.index ?? -1) + 1
  return {
    first,
    end,
    before: first * rowPx,
    after: Math.max(0, count - end) * rowPx,
    show: (index) => virtualizer.scrollToIndex(index, { align: 'auto' }),
  }
}
