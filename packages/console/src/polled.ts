/** What a page asks for again and again: the last answer stays while the next one is on its way, and when it fails. */
import { type Signal, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { explain } from './connection.ts'

export interface Polled<T> {
  /** Null until the first answer. */
  value: Signal<T | null>
  /** Why the last question was not answered; null when it was. */
  failure: Signal<string | null>
  /** Why the last `act` did not work. */
  refusal: Signal<string | null>
  /** Does this now, and shows what it answers. */
  act(call: () => Promise<T>): Promise<void>
}

/** Asks at once, every `everyMs` and when one of `inputs` changes; not while the page is hidden. */
export const usePolled = <T>(load: () => Promise<T>, everyMs: number, inputs: readonly unknown[] = []): Polled<T> => {
  const value = useSignal<T | null>(null)
  const failure = useSignal<string | null>(null)
  const refusal = useSignal<string | null>(null)
  const asked = useRef(0)
  const ask = async (call: () => Promise<T>, fault: Signal<string | null>): Promise<void> => {
    const mine = ++asked.current // an answer to an older question would undo a newer one
    try {
      const answer = await call()
      if (mine !== asked.current) return
      value.value = answer
      fault.value = null
    } catch (error) {
      if (mine === asked.current || fault === refusal) fault.value = explain(error)
    }
  }
  useEffect(() => {
    const stop = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const go = async (): Promise<void> => {
      if (!document.hidden) await ask(load, failure)
      clearTimeout(timer) // of another look, begun when the page was shown again
      if (!stop.signal.aborted) timer = setTimeout(() => void go(), everyMs)
    }
    void go()
    document.addEventListener('visibilitychange', () => !document.hidden && void go(), { signal: stop.signal })
    return () => {
      stop.abort()
      clearTimeout(timer)
      asked.current++
    }
  }, [...inputs])
  return { value, failure, refusal, act: (call) => ask(call, refusal) }
}
