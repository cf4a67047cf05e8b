/** The host's HTTP interface behind the gate: claim, status, automation, screen, commands, stop. */
import { constants } from 'node:os'
import {
  HoldfastError,
  keyBytes,
  MAX_MESSAGE_BYTES,
  OUTPUT_FROM,
  pasted,
  SCREEN_FORMATS,
  type ScreenFormat,
  type SignalName,
} from '@holdfast/protocol'
import { checked } from './bodies.ts'
import type { Admission } from './gate.ts'
import type { Host } from './host.ts'
import { outputRange, readOutput } from './output-range.ts'
import type { Fitting } from './schemas.ts'
import type { Session } from './session.ts'
import { waitFor } from './wait.ts'
import { warmUp } from './warm-up.ts'

/** One admitted request. */
export interface Call {
  host: Host
  admission: Admission
  query: URLSearchParams
  body: unknown
  /** Aborts when the caller is gone. */
  gone: AbortSignal
}
export interface Answer {
  type: string
  body: string | Buffer
  headers?: Record<string, string>
}
export type Handler = (call: Call) => Answer | Promise<Answer>

const STOP_GRACE_MS = 5_000
const MEDIA_TYPES: Readonly<Record<ScreenFormat, string>> = {
  text: 'text/plain; charset=utf-8',
  ansi: 'text/plain; charset=utf-8',
  json: 'application/json',
  html: 'text/html; charset=utf-8',
}

const json = (value: unknown): Answer => ({ type: 'application/json', body: JSON.stringify(value) })

/** Throws SESSION_ENDED when there is nothing left to act on. */
export const running = ({ session }: Host): Session => {
  if (session.state.exit !== null) throw new HoldfastError('SESSION_ENDED', 'the session has ended')
  return session
}

const claim: Handler = ({ host, admission: { grant }, body }) => {
  const claimed = checked('claim', body)
  if (grant.session !== claimed.session) throw new HoldfastError('FORBIDDEN', 'the grant is for another session')
  if (grant.fence < claimed.fence) throw new HoldfastError('STALE', 'the grant is for an older placement')
  host.take(claimed)
  return json(host.status())
}

/** Of no use once there is a session. */
const prepare: Handler = ({ host }) => {
  if (host.claim === null) warmUp()
  return json({})
}

const inputBytes = (given: Fitting<'input'>, { screen }: Session): Buffer => {
  if (Object.keys(given).length !== 1) {
    throw new HoldfastError('BAD_REQUEST', 'input: one of text, base64, paste and keys is needed')
  }
  const { text, base64 = '', paste, keys } = given
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(base64)) {
    throw new HoldfastError('BAD_REQUEST', 'input: base64 holds other characters')
  }
  const typed =
    paste !== undefined
      ? pasted(paste, screen.modes().bracketedPasteMode)
      : keys !== undefined
        ? keyBytes(keys, screen.modes().applicationCursorKeysMode)
        : text
  const bytes = typed === undefined ? Buffer.from(base64, 'base64') : Buffer.from(typed)
  if (bytes.length > MAX_MESSAGE_BYTES)
    throw new HoldfastError('TOO_LARGE', `input is above ${MAX_MESSAGE_BYTES} bytes`)
  return bytes
}

const input: Handler = ({ host, body }) => {
  const given = checked('input', body)
  const session = running(host)
  const bytes = inputBytes(given, session)
  if (session.inputFull) throw new HoldfastError('TOO_MANY', 'the command does not read its input')
  session.input(bytes)
  return json({})
}

const resize: Handler = ({ host, body }) => {
  const { cols, rows } = checked('resize', body)
  running(host).resize(cols, rows)
  return json({})
}

const signal: Handler = async ({ host, body }) => {
  const { name } = checked('signal', body)
  if (!Object.hasOwn(constants.signals, `SIG${name}`)) {
    throw new HoldfastError('BAD_REQUEST', `there is no signal "${name}"`)
  }
  if (!(await running(host).signal(name as SignalName))) {
    throw new HoldfastError('BAD_REQUEST', `no process in the foreground takes SIG${name}`)
  }
  return json({})
}

const wait: Handler = async ({ host, body, gone }) => json(await waitFor(host.session, checked('wait', body), gone))

const screen: Handler = async ({ host, query }) => {
  const format = SCREEN_FORMATS.find((name) => name === (query.get('format') ?? 'text'))
  if (format === undefined) throw new HoldfastError('BAD_REQUEST', `format is one of ${SCREEN_FORMATS.join(', ')}`)
  const scrollback = query.get('scrollback') ?? '0'
  if (!/^\d{1,7}$/.test(scrollback)) throw new HoldfastError('BAD_REQUEST', 'scrollback is a number of lines')
  const { session } = host
  const text = session.isSuspended
    ? (await session.finalScreen())[format]
    : await session.screen.render(format, Number(scrollback))
  return { type: MEDIA_TYPES[format], body: text }
}

/** Also of a session that has ended, while its host is there. */
const output: Handler = ({ host, query }) => {
  const { stream } = host.session
  const range = outputRange(query, stream.end)
  const { from, bytes } = readOutput(stream, range)
  return { type: 'application/octet-stream', body: bytes, headers: { [OUTPUT_FROM]: String(from) } }
}

const update: Handler = ({ host, body }) => {
  const given = checked('changeable', body)
  running(host).update(given)
  return json(host.status())
}

/** Answers with the environment, which the next incarnation needs and nobody else knows. */
const suspend: Handler = async ({ host, body }) => {
  const { graceMs } = checked('stop', body)
  const session = running(host)
  await session.suspend(graceMs ?? STOP_GRACE_MS)
  return json({ env: session.claim.env })
}

/** To who may have it: the orchestrator knows. */
const environment: Handler = ({ host }) => json({ env: running(host).claim.env })

/** Comes before the host is frozen: then it can tell nobody any more. */
const dismiss: Handler = async ({ host }) => {
  await running(host).dismiss()
  return json({})
}

/** Of the machine; who is attached is told. */
const leaving: Handler = ({ host, body }) => {
  running(host).attachments.machineLeaves(checked('leaving', body).why)
  return json({})
}

const stop: Handler = async ({ host, body }) => {
  const { graceMs } = checked('stop', body)
  await host.session.stop(graceMs ?? STOP_GRACE_MS)
  return json(host.status())
}

const resources: Handler = ({ host }) => json(running(host).resources)

/** By method and path. Only `POST /claim` may come for another session than the host's own. */
export const SESSION_ROUTES: Readonly<Record<string, Handler>> = {
  'POST /claim': claim,
  'POST /warm-up': prepare,
  'GET /status': ({ host }) => json(host.status()),
  'POST /input': input,
  'POST /resize': resize,
  'POST /signal': signal,
  'POST /wait': wait,
  'GET /screen': screen,
  'GET /output': output,
  'GET /commands': ({ host }) => json(host.session.shell.log.commands),
  'GET /resources': resources,
  'GET /environment': environment,
  'POST /update': update,
  'POST /suspend': suspend,
  'POST /dismiss': dismiss,
  'POST /leaving': leaving,
  'POST /stop': stop,
}
