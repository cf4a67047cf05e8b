/** Sessions without a socket: input, resize, signal, wait, screen and output, passed on to the session host. */
import {
  type FinalScreen,
  HoldfastError,
  hasEnded,
  inputSchema,
  MAX_SCROLLBACK_LINES,
  OUTPUT_FROM,
  resizeSchema,
  SCREEN_FORMATS,
  type ScreenFormat,
  sessionId,
  signalSchema,
  textPattern,
  WAIT_MS,
  type Wait,
  type WaitResult,
  waitSchema,
} from '@holdfast/protocol'
import type { SessionRecord } from '@holdfast/session-store'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { type TSchema, Type } from 'typebox'
import { targetOf } from './domain.ts'
import type { Engine } from './engine.ts'
import type { OutputQuery, Target } from './host-client.ts'
import type { HostAnswer } from './host-request.ts'
import { idParams } from './sessions-route.ts'
import { keptScreen } from './suspended-check.ts'

const CALL_MS = 10_000
/** The host's answer may be this much later than the end of the wait. */
const WAIT_SLACK_MS = 5_000

type ById = { Params: { id: string } }

const screenQuery = Type.Object(
  {
    format: Type.Optional(
      Type.Unsafe<ScreenFormat>(
        Type.Union(
          SCREEN_FORMATS.map((name) => Type.Literal(name)),
          { default: 'text' },
        ),
      ),
    ),
    scrollback: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_SCROLLBACK_LINES, default: 0 })),
  },
  { additionalProperties: false },
)

const OFFSET = { minimum: 0, maximum: Number.MAX_SAFE_INTEGER }
const outputQuery = Type.Object(
  {
    from: Type.Optional(Type.Integer({ ...OFFSET, default: 0 })),
    to: Type.Optional(Type.Integer(OFFSET)),
    partial: Type.Optional(Type.Boolean({ default: false })),
  },
  { additionalProperties: false },
)

const CONTENT_TYPES: Readonly<Record<keyof FinalScreen, string>> = {
  text: 'text/plain; charset=utf-8',
  ansi: 'text/plain; charset=utf-8',
  json: 'application/json; charset=utf-8',
  html: 'text/html; charset=utf-8',
}

/** The host to ask. Throws SESSION_ENDED, SESSION_SUSPENDED and SESSION_STARTING. */
export const hostOf = (record: SessionRecord): Target => {
  if (hasEnded(record.phase)) throw new HoldfastError('SESSION_ENDED', `session ${record.id} has ended`)
  if (record.phase === 'suspended') {
    throw new HoldfastError('SESSION_SUSPENDED', `session ${record.id} is suspended; resume it first`)
  }
  const target = targetOf(record)
  if (target === null) throw new HoldfastError('SESSION_STARTING', `session ${record.id} is ${record.phase}`)
  return target
}

const pass = (reply: FastifyReply, answer: HostAnswer, type = answer.type) =>
  reply
    .code(answer.status)
    .type(type)
    .serializer((text) => text as string)
    .send(answer.text)

/** A text that another program wrote must never run as a page of ours. */
const asScreen = (reply: FastifyReply, format: ScreenFormat, text: string) =>
  pass(
    reply.header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    { status: 200, type: '', text },
    CONTENT_TYPES[format],
  )

/** As its host answered while it was there: text is looked for on the last screen, and what has ended is idle for good. */
const waitForEnded = (record: SessionRecord, { until, text }: Wait, screen: FinalScreen | null): WaitResult => {
  const found = until === 'text' ? textPattern(text).exec(screen?.text ?? '') : null
  const met = until === 'exit' || until === 'idle' || found !== null
  const end = { exitCode: record.exitCode, signal: record.signal }
  return found === null ? { met, ...end } : { met, text: found[0], ...end }
}

export const automationRoute: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  const { hosts, store } = engine.domain
  const find = ({ caller, params }: FastifyRequest<ById>) => engine.lookup(caller.tenant, sessionId(params.id))

  const forward = (action: string, body: TSchema, summary: string) =>
    app.post<ById>(
      `/v1/sessions/:id/${action}`,
      { schema: { summary, params: idParams, body } },
      async (request, reply) =>
        pass(reply, await hosts.automate(hostOf(await find(request)), action, request.body, CALL_MS)),
    )
  forward('input', inputSchema, 'Type into the session')
  forward('resize', resizeSchema, 'Set the window size')
  forward('signal', signalSchema, 'Signal the foreground process group')

  app.post<ById & { Body: Wait }>(
    '/v1/sessions/:id/wait',
    { schema: { summary: 'Wait for text, idleness, a prompt or the exit', params: idParams, body: waitSchema } },
    async (request, reply) => {
      const record = await find(request)
      if (hasEnded(record.phase))
        return waitForEnded(record, request.body, await store.screen(record.tenant, record.id))
      const maxMs = (request.body.timeoutMs ?? WAIT_MS) + WAIT_SLACK_MS
      return pass(reply, await hosts.automate(hostOf(record), 'wait', request.body, maxMs))
    },
  )

  app.get<ById & { Querystring: { format: ScreenFormat; scrollback: number } }>(
    '/v1/sessions/:id/screen',
    { schema: { summary: 'The screen, also after the end', params: idParams, querystring: screenQuery } },
    async (request, reply) => {
      const { format, scrollback } = request.query
      const id = sessionId(request.params.id)
      const { tenant } = request.caller
      const record = await engine.lookup(tenant, id).catch((error: unknown) => {
        if (error instanceof HoldfastError && error.code === 'SESSION_NOT_FOUND') return error
        throw error
      })
      if (!(record instanceof HoldfastError) && (record.phase === 'running' || record.phase === 'stopping')) {
        return asScreen(reply, format, (await hosts.screen(hostOf(record), format, scrollback)).text)
      }
      // A deleted session is not found, but its last screen belongs to its death.
      const screen = await (record instanceof HoldfastError
        ? store.screen(tenant, id)
        : keptScreen(engine.domain, record))
      if (screen !== null) return asScreen(reply, format, screen[format])
      throw record instanceof HoldfastError
        ? record
        : new HoldfastError('NOT_FOUND', `no screen of session ${id} is kept`)
    },
  )

  app.get<ById & { Querystring: OutputQuery }>(
    '/v1/sessions/:id/output',
    { schema: { summary: 'Bytes of the output by offset', params: idParams, querystring: outputQuery } },
    async (request, reply) => {
      const record = await find(request)
      // A host stays for a while after the end.
      const target = hasEnded(record.phase) ? targetOf(record) : null
      const { headers, bytes } = await hosts.output(target ?? hostOf(record), request.query)
      return reply.type('application/octet-stream').header(OUTPUT_FROM, headers[OUTPUT_FROM]).send(bytes)
    },
  )
}
