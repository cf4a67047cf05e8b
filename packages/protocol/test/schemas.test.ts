/** Schemas: what the API and the attach protocol accept, and the sizes, names and amounts that they refuse. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import {
  attachMessage,
  CLIENT_MESSAGES,
  claimSchema,
  createSessionSchema,
  resizeMessage,
  resizeSchema,
  SIGNALS,
  signalMessage,
  templateSchema,
  ticketSchema,
  waitSchema,
} from '../src/index.ts'

const accepts = (schema: TSchema, value: unknown) => assert.ok(Value.Check(schema, value), JSON.stringify(value))
const refuses = (schema: TSchema, value: unknown) => assert.ok(!Value.Check(schema, value), JSON.stringify(value))

const BAD_SIZES = [0, -1, 1e6, 1001, 1.5, '80', null, Number.NaN, Number.POSITIVE_INFINITY]

test('window sizes that no terminal has are refused wherever a size may stand', () => {
  const attach = { type: 'attach', client: 'c' }
  accepts(resizeSchema, { cols: 2, rows: 1 })
  accepts(resizeSchema, { cols: 1000, rows: 1000 })
  refuses(resizeSchema, { cols: 1, rows: 1 })
  refuses(resizeSchema, { cols: 80 })
  for (const bad of BAD_SIZES) {
    refuses(resizeSchema, { cols: bad, rows: 24 })
    refuses(resizeSchema, { cols: 80, rows: bad })
    refuses(resizeMessage, { type: 'resize', cols: bad, rows: 24 })
    refuses(createSessionSchema, { cols: bad })
    refuses(createSessionSchema, { rows: bad })
    refuses(attachMessage, { ...attach, cols: bad })
    refuses(attachMessage, { ...attach, rows: bad })
  }
})

test('a session may be made from nothing; what we do not know is refused', () => {
  accepts(createSessionSchema, {})
  accepts(createSessionSchema, { command: 'bash', args: ['-l'], env: { A_1: '' }, labels: { 'team/x.y': 'z' } })
  for (const wrong of [
    { comand: 'bash' },
    { command: '' },
    { command: 'x'.repeat(4097) },
    { args: 'ls -l' },
    { args: [1] },
    { env: { 'A-B': 'x' } },
    { env: { '1A': 'x' } },
    { env: { A: 1 } },
    { labels: { '': 'x' } },
    { labels: { 'a b': 'x' } },
    { labels: { a: 'x'.repeat(256) } },
    { labels: Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`l${at}`, ''])) },
    { name: '' },
    { region: 'EU' },
    { ttlSeconds: 0 },
    { idleSeconds: -1 },
    { limits: { memoryMb: 1 } },
    { limits: { memory: 512 } },
    [],
    null,
  ]) {
    refuses(createSessionSchema, wrong)
  }
})

test('offsets are whole, exact and not negative', () => {
  const attach = { type: 'attach', client: 'c', epoch: 'e' }
  for (const offset of [0, Number.MAX_SAFE_INTEGER]) {
    accepts(attachMessage, { ...attach, offset })
    accepts(CLIENT_MESSAGES.ack, { type: 'ack', offset })
  }
  for (const offset of [-1, 0.5, 2 ** 53, '0', null]) {
    refuses(attachMessage, { ...attach, offset })
    refuses(CLIENT_MESSAGES.ack, { type: 'ack', offset })
  }
})

test('a client names itself with a short plain id', () => {
  accepts(attachMessage, { type: 'attach', client: 'a.b_c-9' })
  for (const client of ['', 'a b', 'ü', 'x'.repeat(65), 'a/b', 'a\n', undefined, 7]) {
    refuses(attachMessage, { type: 'attach', client })
  }
})

test('each control message is known by its own type only', () => {
  const messages: Record<string, object> = {
    attach: { client: 'c' },
    ack: { offset: 1 },
    resize: { cols: 80, rows: 24 },
    control: { action: 'take' },
    signal: { name: 'INT' },
    colors: { foreground: '#0a0B0c', palette: ['#000000'] },
    ping: { id: 1 },
  }
  assert.deepEqual(Object.keys(CLIENT_MESSAGES).toSorted(), Object.keys(messages).toSorted())
  for (const [type, schema] of Object.entries(CLIENT_MESSAGES)) {
    accepts(schema, { type, ...messages[type] })
    refuses(schema, { type: 'other', ...messages[type] })
    if (type !== 'colors') refuses(schema, { type })
  }
})

test('colours are six hexadecimal digits, and no more of them than a palette has', () => {
  const many = (count: number) => ({ type: 'colors', palette: Array.from({ length: count }, () => '#ffffff') })
  accepts(CLIENT_MESSAGES.colors, many(256))
  refuses(CLIENT_MESSAGES.colors, many(257))
  for (const color of ['#fff', 'ffffff', '#gggggg', 'rgb:ff/ff/ff', '#ffffff;', 0, null]) {
    refuses(CLIENT_MESSAGES.colors, { type: 'colors', foreground: color })
    refuses(CLIENT_MESSAGES.colors, { type: 'colors', palette: [color] })
  }
})

test('policies of size and clipboard are named', () => {
  for (const sizePolicy of ['latest', 'smallest', 'fixed']) accepts(createSessionSchema, { sizePolicy })
  for (const clipboard of ['controller', 'off']) accepts(createSessionSchema, { clipboard })
  for (const wrong of ['', 'largest', null, 1]) {
    refuses(createSessionSchema, { sizePolicy: wrong })
    refuses(createSessionSchema, { clipboard: wrong })
    refuses(templateSchema, { name: 's', command: ['sh'], sizePolicy: wrong })
  }
})

test('only signals of the list may be sent', () => {
  for (const name of SIGNALS) accepts(signalMessage, { type: 'signal', name })
  for (const name of ['SIGINT', 'int', 'SEGV', '9', 9, '']) refuses(signalMessage, { type: 'signal', name })
})

test('waits, tickets and templates keep to their bounds', () => {
  accepts(waitSchema, { until: 'text', text: 'done$' })
  for (const wrong of [{}, { until: 'later' }, { until: 'idle', idleMs: 0 }, { until: 'exit', timeoutMs: 600_001 }]) {
    refuses(waitSchema, wrong)
  }
  accepts(ticketSchema, {})
  for (const wrong of [{ uses: 0 }, { uses: 10_001 }, { ttlSeconds: 0 }, { mode: 'w' }, { session: 'x' }]) {
    refuses(ticketSchema, wrong)
  }
  accepts(templateSchema, { name: 'shell', command: ['bash'] })
  for (const wrong of [
    { command: ['bash'] },
    { name: 'shell', command: [] },
    { name: 'Shell', command: ['sh'] },
    { name: 's', command: 'sh' },
  ]) {
    refuses(templateSchema, wrong)
  }
})

test('a claim needs every field that an orchestrator would rebuild a record from', () => {
  const claim = {
    session: 'local-00000000',
    tenant: 'acme',
    principal: 'ada',
    incarnation: 'aaaaaa',
    fence: 1,
    name: 'n',
    template: 'shell',
    region: 'local',
    command: 'bash',
    args: [],
    cwd: null,
    env: {},
    cols: 80,
    rows: 24,
    sizePolicy: 'latest',
    clipboard: 'controller',
    labels: {},
    createdAt: '2026-11-22T10:00:00.000Z',
    expiresAt: null,
    idleAction: 'stop',
    restart: 'never',
    idleSeconds: null,
    replayBytes: 1_048_576,
    scrollbackLines: 1000,
  }
  accepts(claimSchema, claim)
  for (const name of Object.keys(claim)) refuses(claimSchema, { ...claim, [name]: undefined })
  refuses(claimSchema, { ...claim, fence: -1 })
  refuses(claimSchema, { ...claim, cols: 0 })
})
