/** Create, list, read and delete sessions. */
import {
  type CreateSession,
  createSessionSchema,
  HoldfastError,
  PHASES,
  type Phase,
  sessionId,
  sessionSchema,
  whySchema,
} from '@holdfast/protocol'
import type { Principal } from '@holdfast/service-kit'
import type { SessionRecord } from '@holdfast/session-store'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { refOf, targetOf } from './domain.ts'
import type { Engine } from './engine.ts'
import { bodyHash, newRecord } from './new-session.ts'
import { wasWarm } from './pool-host.ts'
import { sessionView } from './session-view.ts'
import { settle } from './settle.ts'
import { requestStop } from './stopping.ts'
import { whyOf } from './why.ts'

const WAIT_SECONDS = { usual: 30, most: 120 }
const DELETE_WAIT_MS = 15_000
const MAX_KEY = 255

export const idParams = Type.Object({ id: Type.String() })
const listQuery = Type.Object(
  {
    label: Type.Optional(
      Type.Union([Type.String(), Type.Array(Type.String(), { maxItems: 16 })], {
        description: '`key=value`, repeatable',
      }),
    ),
    phase: Type.Optional(Type.Unsafe<Phase>(Type.Union(PHASES.map((name) => Type.Literal(name))))),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
    cursor: Type.Optional(Type.String({ maxLength: 512 })),
  },
  { additionalProperties: false },
)
const readQuery = Type.Object(
  { resources: Type.Optional(Type.Boolean({ default: false, description: 'asks its host, too, what it uses' })) },
  { additionalProperties: false },
)
const pageSchema = Type.Object({ sessions: Type.Array(sessionSchema), cursor: Type.Optional(Type.String()) })

/** RFC 7240 `Prefer: wait=N`, seconds. */
const preferredWaitMs = (request: FastifyRequest): number => {
  const asked = /(?:^|[,;\s])wait\s*=\s*(\d{1,6})/.exec(String(request.headers.prefer ?? ''))?.[1]
  return Math.min(asked === undefined ? WAIT_SECONDS.usual : Number(asked), WAIT_SECONDS.most) * 1000
}

const idempotency = (request: FastifyRequest): { key: string; bodyHash: string } | undefined => {
  const key = request.headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key !== 'string' || key === '' || key.length > MAX_KEY) {
    throw new HoldfastError('BAD_REQUEST', `Idempotency-Key must have 1 to ${MAX_KEY} characters`)
  }
  return { key, bodyHash: bodyHash(request.body) }
}

export const labelsOf = (label: string | string[] | undefined): Record<string, string> =>
  Object.fromEntries(
    [label ?? []].flat().map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw new HoldfastError('BAD_REQUEST', `label "${text.slice(0, 60)}" is not of the form key=value`)
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )

const isStarting = ({ phase }: SessionRecord): boolean => phase === 'pending' || phase === 'starting'

const view = ({ domain }: Engine, record: SessionRecord) =>
  sessionView(record, domain.live.get(record.id)?.status ?? null)

/** With what only its host knows; without that of it which the host does not tell: it may be out of reach, or older. */
const wholeView = async ({ domain }: Engine, record: SessionRecord, isAskedForResources: boolean) => {
  const status = domain.live.get(record.id)?.status ?? null
  const target = targetOf(record)
  if (target === null || status === null) return sessionView(record, status)
  const told = async <T>(part: Promise<T>): Promise<T | undefined> => {
    try {
      return await part
    } catch (error) {
      domain.logger.debug({ err: error, session: record.id }, 'the host does not tell all of its session')
      return undefined
    }
  }
  const [commands, resources] = await Promise.all([
    status.commands === 0 ? undefined : told(domain.hosts.commands(target)),
    isAskedForResources ? told(domain.hosts.resources(target)) : undefined,
  ])
  return sessionView(record, status, { commands, resources })
}

/** Writes the record; once more when the store turns out to have been emptied. */
const writeRecord = async (engine: Engine, request: FastifyRequest<{ Body: CreateSession }>, caller: Principal) => {
  const { domain } = engine
  const { body } = request
  const template = body.template === undefined ? domain.templates.default : domain.templates.get(body.template)
  const key = idempotency(request)
  const draft = newRecord(body, { caller, region: domain.region, template, now: Date.now() })
  // Before anything is written: what no node can take now is told at once, and leaves no record behind.
  const record = { ...draft, runtime: await domain.placer.check(draft) }
  const call = [record, key, domain.quotas.of(caller.tenant)] as const
  try {
    return await domain.store.create(...call)
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'STALE') throw error
    await engine.recover()
    return await domain.store.create(...call)
  }
}

const observeCreate = ({ domain }: Engine, record: SessionRecord | null, startedMs: number): void => {
  const outcome =
    record === null ? 'lost' : isStarting(record) ? 'pending' : record.startedAt === null ? 'failed' : 'running'
  domain.metrics.holdfast_orchestrator_create_seconds
    .labels({ start: record !== null && wasWarm(record) ? 'warm' : 'cold', outcome })
    .observe((Date.now() - startedMs) / 1000)
}

const create = (engine: Engine) => async (request: FastifyRequest<{ Body: CreateSession }>, reply: FastifyReply) => {
  const { domain, draining } = engine
  const startedMs = Date.now()
  const { record, created } = await writeRecord(engine, request, request.caller)
  if (created) await domain.jobs.converge(refOf(record))
  const settled = (now: SessionRecord | null) => now === null || !isStarting(now)
  const now = await settle(domain, refOf(record), settled, preferredWaitMs(request), draining)
  if (created) observeCreate(engine, now, startedMs)
  if (now === null) throw new HoldfastError('SESSION_NOT_FOUND', 'the session was deleted while it started')
  reply.header('location', `/v1/sessions/${now.id}`)
  // A session that failed to start exists all the same: 201, with phase and reason in the body.
  return reply.code(isStarting(now) ? 202 : 201).send(view(engine, now))
}

const remove = (engine: Engine) => async (request: FastifyRequest<{ Params: { id: string } }>, reply: FastifyReply) => {
  const { domain, draining } = engine
  const record = await engine.lookup(request.caller.tenant, sessionId(request.params.id))
  const by = request.caller.principal
  await requestStop(domain, record, { code: 'deleted', detail: `by ${by}`, by }, true)
  const left = await settle(domain, refOf(record), (now) => now === null, DELETE_WAIT_MS, draining)
  if (left === null) return reply.code(204).send()
  return reply.code(202).send(view(engine, left))
}

export const sessionsRoute: FastifyPluginAsync<{ engine: Engine }> = async (app, { engine }) => {
  const { store } = engine.domain
  const answers = { 201: sessionSchema, 202: sessionSchema }
  app.post<{ Body: CreateSession }>(
    '/v1/sessions',
    { schema: { summary: 'Make a session', body: createSessionSchema, response: answers } },
    create(engine),
  )
  app.get<{ Querystring: { label?: string | string[]; phase?: Phase; limit: number; cursor?: string } }>(
    '/v1/sessions',
    { schema: { summary: 'List sessions, newest first', querystring: listQuery, response: { 200: pageSchema } } },
    async ({ caller, query }) => {
      const { label, ...rest } = query
      const page = await store.list({ tenant: caller.tenant, labels: labelsOf(label), ...rest })
      const { cursor } = page
      return {
        sessions: page.records.map((record) => view(engine, record)),
        ...(cursor === undefined ? {} : { cursor }),
      }
    },
  )
  app.get<{ Params: { id: string }; Querystring: { resources: boolean } }>(
    '/v1/sessions/:id',
    { schema: { summary: 'One session', params: idParams, querystring: readQuery, response: { 200: sessionSchema } } },
    async ({ caller, params, query }) =>
      wholeView(engine, await engine.lookup(caller.tenant, sessionId(params.id)), query.resources),
  )
  app.get<{ Params: { id: string } }>(
    '/v1/sessions/:id/why',
    {
      schema: {
        summary: 'What the session waits for, since when, when that is given up, and when its limits are over',
        params: idParams,
        response: { 200: whySchema },
      },
    },
    async ({ caller, params }) => {
      const record = await engine.lookup(caller.tenant, sessionId(params.id))
      const { deaths } = await store.deaths({ tenant: caller.tenant, session: record.id, limit: 1 })
      return whyOf(record, engine.domain.live.get(record.id)?.status ?? null, deaths[0], Date.now())
    },
  )
  app.delete<{ Params: { id: string } }>(
    '/v1/sessions/:id',
    { schema: { summary: 'Stop and forget a session', params: idParams, response: { 202: sessionSchema } } },
    remove(engine),
  )
}
