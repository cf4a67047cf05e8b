/** Server-sent events over fetch as an async iterable that reconnects and asks for what it missed. */
import { HoldfastError, type ServerEvent } from '@holdfast/protocol'
import { Backoff } from './backoff.ts'
import type { Http } from './http.ts'

/** The server says something every 15 s; a stream that is silent for this long is dead. */
const SILENCE_MS = 45_000

interface Event {
  id: string | undefined
  data: string
}

/** Source: WHATWG HTML §9.2.6; `event` and `retry` fields and comments say nothing that is needed here. */
const parseEvent = (block: string): Event => {
  const event: Event = { id: undefined, data: '' }
  const data: string[] = []
  for (const line of block.split('\n')) {
    const [, field, value = ''] = /^(\w+)(?::[ ]?(.*))?$/s.exec(line) ?? []
    if (field === 'id') event.id = value
    if (field === 'data') data.push(value)
  }
  return { ...event, data: data.join('\n') }
}

/** The events of one answer; an event whose blank line has not come yet is not told. */
async function* parseStream(body: ReadableStream<Uint8Array>): AsyncGenerator<Event> {
  let rest = ''
  let silence: ReturnType<typeof setTimeout> | undefined
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader()
  try {
    while (true) {
      silence = setTimeout(() => void reader.cancel(), SILENCE_MS) // the read below then says `done`
      const { done, value } = await reader.read()
      clearTimeout(silence)
      if (done) return
      // A line break may be cut in two: \r waits for what follows it.
      const blocks = (rest + value).replace(/\r\n|\r(?!$)/g, '\n').split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) yield parseEvent(block)
    }
  } finally {
    clearTimeout(silence)
    await reader.cancel().catch(() => {}) // broken already: nothing to end
  }
}

/** Resolves after `ms`, or at once when aborted. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })

/** Ends when `signal` aborts; throws what a retry cannot heal. */
export async function* serverEvents(
  http: Http,
  signal: AbortSignal,
  onLink: (failure: string | null) => void = () => {},
): AsyncGenerator<ServerEvent> {
  const backoff = new Backoff()
  let last: string | undefined
  while (!signal.aborted) {
    try {
      const headers = { accept: 'text/event-stream', ...(last === undefined ? {} : { 'last-event-id': last }) }
      const { body } = await http.stream('/v1/events', headers, signal)
      if (body === null) throw new HoldfastError('NOT_FOUND', `${http.url} has no events`)
      onLink(null)
      for await (const { id, data } of parseStream(body)) {
        backoff.reset()
        last = id ?? last
        if (data !== '') yield JSON.parse(data) as ServerEvent
      }
      onLink('the stream of events ended')
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof HoldfastError && !error.retryable) throw error
      onLink(error instanceof HoldfastError ? error.message : 'the stream of events broke off')
    }
    await pause(backoff.next(), signal)
  }
}
