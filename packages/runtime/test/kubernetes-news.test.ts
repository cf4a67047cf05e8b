/** Watches that go silent, end early, fall behind or break: what happened meanwhile is told all the same, and the server is not stormed. */
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { kubeApi } from '../src/kubernetes-api.ts'
import { kubeNews } from '../src/kubernetes-news.ts'
import { answering, apiServer } from './kubernetes-server.ts'

const TIMES = { watchS: 2, relistMs: 60_000, pauseMs: { first: 20, longest: 100 } }
const podAt = (name: string, resourceVersion: string) => ({ metadata: { name, resourceVersion, uid: name } })
const event = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`

interface Asked {
  /** `list`, or the version from which is watched. */
  what: string
  response: ServerResponse
}

/** News of a server whose watches a test answers itself, and whose lists are what `pods` is then. */
const newsOf = async (t: TestContext, times = TIMES) => {
  const state = { pods: [podAt('a', '1')], version: '10' }
  const asked: Asked[] = []
  const waiting: (() => void)[] = []
  const wake = () => {
    for (const go of waiting.splice(0)) go()
  }
  const { kubeconfig } = await apiServer(t, (request, response) => {
    const query = new URL(request.url ?? '', 'https://x').searchParams
    const isWatch = query.get('watch') === 'true'
    asked.push({ what: isWatch ? (query.get('resourceVersion') ?? '') : 'list', response })
    if (!isWatch) response.end(JSON.stringify({ metadata: { resourceVersion: state.version }, items: state.pods }))
    wake()
  })
  const told: string[] = []
  const news = kubeNews(kubeApi({ kubeconfig, namespace: 'x' }), 'pods', { cluster: 'c' }, times)
  t.after(
    news.follow((name, object) => {
      told.push(`${name} ${object?.metadata.resourceVersion ?? 'gone'}`)
      wake()
    }),
  )
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise<void>((resolve) => waiting.push(resolve))
  }
  const words = () => asked.map(({ what }) => what)
  /** The `n`-th request, once it is there. */
  const request = async (n: number): Promise<Asked> => {
    await until(() => asked.length > n)
    return asked[n] as Asked
  }
  return { state, told, words, request, until }
}
const check = (title: string, body: (t: TestContext) => Promise<void>): void => {
  test(title, { timeout: 60_000 }, body)
}

check('a watch that swallows everything is given up, and what it kept is told', async (t) => {
  const { state, told, words, request, until } = await newsOf(t)
  await request(1)
  state.pods = [podAt('b', '11')]
  await until(() => told.length === 3)
  assert.deepEqual(told, ['a 1', 'a gone', 'b 11'])
  assert.deepEqual(words().slice(0, 3), ['list', '10', 'list'])
})

check('a watch that ended in time goes on where its bookmark was, without a list', async (t) => {
  const { told, words, request } = await newsOf(t)
  const { response } = await request(1)
  response.write(event('MODIFIED', podAt('a', '12')))
  response.write(event('BOOKMARK', podAt('', '17')))
  setTimeout(() => response.end(), TIMES.watchS * 1000)
  await request(2)
  assert.deepEqual(words(), ['list', '10', '17'])
  assert.deepEqual(told, ['a 1', 'a 12'])
})

check('out of date (410), as an event and as an answer: it lists again, and tells what went meanwhile', async (t) => {
  const { state, told, words, request, until } = await newsOf(t)
  const first = await request(1)
  state.pods = []
  state.version = '20'
  first.response.end(event('ERROR', { kind: 'Status', code: 410, message: 'too old resource version: 10 (19)' }))
  await until(() => told.includes('a gone'))
  const second = await request(3)
  state.pods = [podAt('a', '21')]
  answering(410, 'too old')({} as never, second.response)
  await until(() => told.includes('a 21'))
  assert.deepEqual(words().slice(0, 5), ['list', '10', 'list', '20', 'list'])
})

check('every watch that ends at once or breaks off is followed by a pause and a list', async (t) => {
  const { told, words, request, until } = await newsOf(t)
  for (let n = 1; n <= 9; n += 2) {
    const { response } = await request(n)
    // A request without any answer would be sent once more.
    if (n % 4 === 1) response.end()
    else response.write(event('BOOKMARK', podAt('', '10')), () => response.destroy())
  }
  await until(() => words().length >= 10)
  assert.deepEqual(words().slice(0, 10), Array.from({ length: 5 }, () => ['list', '10']).flat())
  assert.deepEqual(told, ['a 1'], 'what did not change is told once')
})

check('it lists from time to time also while watches seem to work', async (t) => {
  const { state, told, request, until } = await newsOf(t, { ...TIMES, relistMs: 1_000 })
  const { response } = await request(1)
  state.pods = [podAt('a', '2')]
  setTimeout(() => response.end(event('BOOKMARK', podAt('', '30'))), TIMES.watchS * 1000)
  await until(() => told.includes('a 2'))
})

check('an event that comes in pieces is read whole', async (t) => {
  const { told, request, until } = await newsOf(t)
  const { response } = await request(1)
  const bytes = Buffer.from(event('ADDED', podAt('ä', '5')))
  const inside = bytes.indexOf(Buffer.from('ä')) + 1
  response.write(bytes.subarray(0, inside))
  setImmediate(() => response.write(bytes.subarray(inside)))
  await until(() => told.includes('ä 5'))
})
