/** How long a page's main thread was busy at a time. */
import assert from 'node:assert/strict'
import type { CDPSession } from 'playwright-core'

interface TraceEvent {
  name: string
  ph: string
  pid: number
  tid: number
  dur?: number
  tdur?: number
  args: { name?: string }
}

/**
 * The tasks of the page's main thread from now on (Chromium's trace events, microseconds). How long one takes on the clock
 * tells on a machine of two cores how busy the others are; what of it is the page's doing is its CPU time.
 */
export const traceTasks = async (tab: CDPSession) => {
  const events: TraceEvent[] = []
  tab.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])))
  const traceConfig = { includedCategories: ['toplevel'] }
  await tab.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig })
  const longest = async () => {
    const complete = new Promise((done) => tab.once('Tracing.tracingComplete', done))
    await tab.send('Tracing.end')
    await complete
    const isMain = ({ name, args }: TraceEvent) => name === 'thread_name' && args.name === 'CrRendererMain'
    const threads = new Set(events.filter(isMain).map(({ pid, tid }) => `${pid} ${tid}`))
    const found = events.filter(({ ph, pid, tid }) => ph === 'X' && threads.has(`${pid} ${tid}`))
    assert.ok(found.length > 100, `only ${found.length} tasks were seen`)
    const longestOf = (key: 'dur' | 'tdur') => Math.max(...found.map((event) => event[key] ?? 0)) / 1000
    return { longestMs: longestOf('dur'), cpuMs: longestOf('tdur') }
  }
  return { longest }
}
