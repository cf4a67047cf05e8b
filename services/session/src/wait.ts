/** Waiting for a session to say something, fall silent, come back to its prompt or end. */
import { QUIET_MS, textPattern, WAIT_MS, type Wait, type WaitResult } from '@holdfast/protocol'
import type { Session } from './session.ts'

type Finish = (met: boolean, text?: string) => void
/** Looks on; returns how to stop that. */
type Watcher = () => void

const watchText = (session: Session, wanted: RegExp, finish: Finish): Watcher => {
  const look = () => {
    const found = wanted.exec(session.screen.visibleText())
    if (found !== null) finish(true, found[0])
  }
  session.events.on('parsed', look)
  look()
  return () => session.events.off('parsed', look)
}

/** Exact where the shell marks its prompt; else a guess: silence while the command itself has the terminal. */
const watchPrompt = (session: Session, quietMs: number, finish: Finish): Watcher => {
  const { log } = session.shell
  const look = () => {
    if (log.atPrompt) finish(true)
  }
  const guess = () => !log.marked && session.leaderInForeground
  const stopGuessing = watchQuiet(session, quietMs, guess, finish)
  session.events.on('parsed', look)
  look()
  return () => {
    session.events.off('parsed', look)
    stopGuessing()
  }
}

/** Met when the screen has not moved for `quietMs` and `also` holds then. */
const watchQuiet = (session: Session, quietMs: number, also: () => boolean, finish: Finish): Watcher => {
  const timer = setTimeout(() => (also() ? finish(true) : timer.refresh()), quietMs)
  const moved = () => timer.refresh()
  session.events.on('parsed', moved)
  return () => {
    session.events.off('parsed', moved)
    clearTimeout(timer)
  }
}

const watchAgent = (session: Session, finish: Finish): Watcher => {
  const look = () => {
    const { latest } = session.agent
    if (latest?.state === 'waiting') finish(true, latest.evidence)
  }
  session.events.on('agent', look)
  look()
  return () => session.events.off('agent', look)
}

const watch = (session: Session, { until, text, idleMs }: Wait, finish: Finish): Watcher => {
  if (until === 'text') return watchText(session, textPattern(text), finish)
  if (until === 'idle') return watchQuiet(session, idleMs ?? QUIET_MS.idle, () => true, finish)
  if (until === 'waiting') return watchAgent(session, finish)
  if (until === 'prompt') return watchPrompt(session, idleMs ?? QUIET_MS.prompt, finish)
  return () => {}
}

/** Not met: the time is over, the caller went, or the session ended first. Throws BAD_REQUEST for a bad expression. */
export const waitFor = (session: Session, wait: Wait, abandoned: AbortSignal): Promise<WaitResult> => {
  const { promise, resolve } = Promise.withResolvers<WaitResult>()
  session.catchUp() // a line entered just now takes back that the shell is at its prompt
  const finish: Finish = (met, text) => {
    const { exit } = session.state
    const ending = exit === null ? {} : { exitCode: exit.exitCode, signal: exit.signal }
    resolve({ met, ...(text === undefined ? {} : { text }), ...ending })
  }
  const stopWatching = watch(session, wait, finish)
  const timer = setTimeout(() => finish(false), wait.timeoutMs ?? WAIT_MS)
  const giveUp = () => finish(false)
  // Rendering waits until the last output is on the screen, where `text` is looked for.
  const ended = () =>
    void session.screen.render('text', 0).then(() => finish(wait.until === 'exit' || wait.until === 'idle'))
  abandoned.addEventListener('abort', giveUp)
  session.events.once('exit', ended)
  if (session.state.exit !== null) ended()
  return promise.finally(() => {
    stopWatching()
    clearTimeout(timer)
    abandoned.removeEventListener('abort', giveUp)
    session.events.off('exit', ended)
  })
}
