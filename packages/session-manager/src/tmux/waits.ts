/** Waiting for a pane to say something, fall silent, come back to its prompt or end: as the cluster's sessions do. */
import {
  type Agent,
  type Detector,
  HoldfastError,
  QUIET_MS,
  SETTLE_MS,
  textPattern,
  WAIT_MS,
  type Wait,
  type WaitResult,
} from '@holdfast/protocol'
import { read } from '@holdfast/runtime/process-table'
import { paneAgent } from './agents.ts'
import { Control } from './control.ts'
import { type Exit, Exits } from './exits.ts'
import { paneOf, quoted, type Tmux } from './tmux.ts'

/** Between output and a look at the screen. */
const LOOK_MS = 10
const AGENT_LOOK_MS = 200

/** Has the pane's own command the terminal, and not a job of it? */
const leads = async (pid: number): Promise<boolean> => {
  const row = await read(pid)
  return row !== null && row.foreground === row.group
}

type Finish = (result: WaitResult) => void
interface Watch {
  /** There was output. */
  moved(): void
  /** The command has ended: is it met all the same? */
  last(): Promise<WaitResult>
  stop(): void
}

const watchText = (wanted: RegExp, capture: () => Promise<string>, finish: Finish): Watch => {
  const look = async (): Promise<WaitResult> => {
    const found = wanted.exec(await capture())
    return found === null ? { met: false } : { met: true, text: found[0] }
  }
  let timer: NodeJS.Timeout | undefined
  const moved = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined
      look().then(
        (result) => result.met && finish(result),
        () => {}, // it is gone, which is told otherwise
      )
    }, LOOK_MS)
  }
  moved()
  return { moved, last: look, stop: () => clearTimeout(timer) }
}

/** `atEnd`: is it met by the end of the command? */
const watchQuiet = (quietMs: number, also: () => Promise<boolean>, atEnd: boolean, finish: Finish): Watch => {
  const timer = setTimeout(async () => {
    if (await also()) finish({ met: true })
    else timer.refresh()
  }, quietMs)
  return { moved: () => timer.refresh(), last: async () => ({ met: atEnd }), stop: () => clearTimeout(timer) }
}

/** Looks soon after output, and once more when it has fallen silent. */
const watchAgent = (look: (quietMs: number) => Promise<Agent | null>, finish: Finish): Watch => {
  let movedAt = performance.now()
  let timer: NodeJS.Timeout | undefined
  const lookIn = (ms: number): void => {
    clearTimeout(timer)
    timer = setTimeout(() => void judge().catch(() => {}), ms) // it is gone, which is told otherwise
  }
  const judge = async (): Promise<void> => {
    const quietMs = performance.now() - movedAt
    const agent = await look(quietMs)
    if (agent?.state === 'waiting') finish({ met: true, text: agent.evidence })
    else if (quietMs < SETTLE_MS) lookIn(SETTLE_MS - quietMs)
  }
  lookIn(0)
  const moved = (): void => {
    movedAt = performance.now()
    lookIn(AGENT_LOOK_MS)
  }
  return { moved, last: async () => ({ met: false }), stop: () => clearTimeout(timer) }
}

const watchEnd = (): Watch => ({ moved: () => {}, last: async () => ({ met: true }), stop: () => {} })

/** Not met when the time is over or the session ended first. Throws BAD_REQUEST, SESSION_NOT_FOUND, and what `signal` aborts with. */
export const waitFor = async (
  { tmux, id, pid, detectors }: { tmux: Tmux; id: string; pid: number; detectors: readonly Detector[] },
  { until, text, idleMs, timeoutMs = WAIT_MS }: Wait,
  signal: AbortSignal | undefined,
): Promise<WaitResult> => {
  const wanted = until === 'text' ? textPattern(text) : null
  signal?.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<WaitResult>()
  promise.catch(() => {}) // it may be lost before it is waited for
  let watch: Watch | undefined
  let exits: Exits | undefined
  const onOutput = (): void => {
    watch?.moved()
    exits?.look()
  }
  const gone = () => reject(new HoldfastError('SESSION_NOT_FOUND', `session ${id} is gone`))
  const control = await Control.attach(tmux, id, [], {
    onOutput,
    onEnd: gone,
    onNotice: (line) => exits?.hear(line),
  })
  const capture = async (): Promise<string[]> => {
    const [lines = []] = await control.run(`capture-pane -p -t ${quoted(paneOf(id))}`)
    return lines.map(String)
  }
  const agent = async (quietMs: number) => paneAgent(pid, await capture(), quietMs, detectors)
  if (wanted !== null) watch = watchText(wanted, async () => (await capture()).join('\n'), resolve)
  else if (until === 'waiting') watch = watchAgent(agent, resolve)
  else if (until === 'idle') watch = watchQuiet(idleMs ?? QUIET_MS.idle, async () => true, true, resolve)
  else if (until === 'prompt') watch = watchQuiet(idleMs ?? QUIET_MS.prompt, () => leads(pid), false, resolve)
  else watch = watchEnd()
  const ended = async (exit: Exit): Promise<void> => resolve({ ...(await watch.last()), ...exit })
  const timer = setTimeout(() => resolve({ met: false }), timeoutMs)
  const giveUp = (): void => reject(signal?.reason as Error)
  signal?.addEventListener('abort', giveUp)
  try {
    exits = await Exits.of(tmux, control, id, (exit) => void ended(exit).catch(reject))
    exits.look()
    return await promise
  } finally {
    signal?.removeEventListener('abort', giveUp)
    clearTimeout(timer)
    watch.stop()
    control.close()
  }
}
