/** What only the host of a session knows: CPU, memory and the last command. Asked for the rows in view while somebody looks. */
import type { Command, Resources, Session } from '@holdfast/protocol'
import { type ReadonlySignal, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { client } from '../connection.ts'

export interface Facts {
  /** Share of one core since it was asked before; null at first. */
  cpu: number | null
  memoryBytes: number
  /** Of its shell; null when that marks none. */
  lastCommand: Command | null
}

interface Sample {
  cpuMs: number
  /** As performance.now(). */
  atMs: number
}

const EVERY_MS = 5000
/** Rows that are scrolled through are not asked about. */
const SETTLE_MS = 300
const AT_ONCE = 4

/** Share of one core between two samples; null without a first one, and when the processes are others than before. */
const shareOf = (before: Sample | undefined, now: Sample): number | null =>
  before === undefined || now.cpuMs < before.cpuMs ? null : (now.cpuMs - before.cpuMs) / (now.atMs - before.atMs)

class Inquiry {
  readonly #samples = new Map<string, Sample>()

  /** null when its host does not tell. */
  async ask(id: string, stop: AbortSignal): Promise<Facts | null> {
    const answer = await client.getSession(id, { resources: true }).catch(() => null)
    if (stop.aborted || answer?.resources === undefined) return null
    return this.#facts(answer, answer.resources)
  }

  #facts({ id, commands }: Session, { cpuMs, memoryBytes }: Resources): Facts {
    const sample = { cpuMs, atMs: performance.now() }
    const cpu = shareOf(this.#samples.get(id), sample)
    this.#samples.set(id, sample)
    return { cpu, memoryBytes, lastCommand: commands?.at(-1) ?? null }
  }
}

/** By session. */
export const useFacts = (sessions: readonly Session[]): ReadonlySignal<ReadonlyMap<string, Facts>> => {
  const facts = useSignal<ReadonlyMap<string, Facts>>(new Map())
  const inquiry = useRef(new Inquiry()).current
  const ids = sessions.filter(({ phase }) => phase === 'running').map(({ id }) => id)
  useEffect(() => {
    const stop = new AbortController()
    let timer: ReturnType<typeof setTimeout>
    const round = async (): Promise<void> => {
      const left = document.hidden ? [] : [...ids]
      const found = new Map(ids.flatMap((id) => [[id, facts.peek().get(id)] as const]))
      const worker = async (): Promise<void> => {
        for (let id = left.shift(); id !== undefined && !stop.signal.aborted; id = left.shift())
          found.set(id, (await inquiry.ask(id, stop.signal)) ?? undefined)
      }
      await Promise.all(Array.from({ length: AT_ONCE }, worker))
      if (stop.signal.aborted) return
      facts.value = new Map([...found].filter((entry): entry is [string, Facts] => entry[1] !== undefined))
      timer = setTimeout(() => void round(), EVERY_MS)
    }
    timer = setTimeout(() => void round(), SETTLE_MS)
    return () => {
      stop.abort()
      clearTimeout(timer)
    }
  }, [ids.join()])
  return facts
}
