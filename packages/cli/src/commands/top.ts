/** `holdfast top`: the sessions as a table that stays up to date. */
import type { Key } from 'node:readline'
import type { HoldfastClient } from '@holdfast/client'
import { command, UsageError } from '../command.ts'
import { type Io, onLeaving } from '../io.ts'
import { FullScreen } from '../top/full-screen.ts'
import { frame, mostAbove, ORDERS, type OrderKey, report, type View } from '../top/view.ts'
import { type Snapshot, takeSnapshot, watch } from '../top/watch.ts'

const isOrder = (name: string | undefined): name is OrderKey => name !== undefined && Object.hasOwn(ORDERS, name)

const quits = ({ name, ctrl }: Key): boolean => (ctrl === true ? name === 'c' : name === 'q')

/** Lines that a key scrolls by. */
const stepOf = ({ name }: Key): number => (name === 'j' || name === 'down' ? 1 : name === 'k' || name === 'up' ? -1 : 0)

const live = async (client: HoldfastClient, first: Snapshot, io: Io): Promise<void> => {
  const view: View = { snapshot: first, failure: null, order: 'a', above: 0 }
  const ended = new AbortController()
  const quit = Promise.withResolvers<void>()

  const draw = (): void => {
    const { size } = screen
    view.above = Math.max(0, Math.min(view.above, mostAbove(view.snapshot, size)))
    screen.draw(frame(view, size, Date.now()))
  }
  const key = (pressed: Key): void => {
    if (quits(pressed)) quit.resolve()
    if (isOrder(pressed.name)) view.order = pressed.name
    view.above += stepOf(pressed)
    draw()
  }
  const screen = new FullScreen(io, { key, resize: draw })
  const news = {
    taken: (snapshot: Snapshot): void => {
      view.snapshot = snapshot
      view.failure = null
      draw()
    },
    failed: (why: string): void => {
      view.failure = why
      draw()
    },
  }
  const unheard = onLeaving(io, () => quit.resolve())
  screen.enter()
  try {
    draw()
    await Promise.race([watch(client, ended.signal, news), quit.promise])
  } finally {
    ended.abort()
    screen.leave()
    unheard()
  }
}

export const topCommand = command(
  {
    name: 'top',
    summary: 'Watch the sessions, and for operators the nodes, in a table that stays up to date.',
    usage: '[--once]',
    options: { once: { type: 'boolean', about: 'print the table once, as without a terminal' } },
    examples: ['holdfast top', 'watch -n 60 holdfast top --once'],
  },
  async ({ once }, positionals, { io, client }) => {
    if (positionals.length > 0) throw new UsageError('top takes no names')
    const api = client()
    const first = await takeSnapshot(api)
    if (!once && io.stdout.isTTY && io.stdin.isTTY) await live(api, first, io)
    else io.stdout.write(`${report(first, Date.now()).join('\n')}\n`)
    return 0
  },
)
