/** `holdfast new`: makes a session and attaches to it. */
import { type HoldfastClient, untilStarted } from '@holdfast/client'
import {
  type CreateSession,
  HoldfastError,
  idleActionSchema,
  randomId,
  restartSchema,
  type Session,
} from '@holdfast/protocol'
import { command, oneOf, pairs, wholeNumber } from '../command.ts'
import type { Output } from '../io.ts'
import { liveSession } from '../live-session.ts'
import { sizeOf } from '../local-terminal.ts'

/** A start that is over sooner needs no word. */
const QUIET_MS = 300

const IDLE_ACTIONS = idleActionSchema.anyOf.map((action) => action.const)
const RESTART_POLICIES = restartSchema.anyOf.map((policy) => policy.const)

const started = async (client: HoldfastClient, body: CreateSession, stderr: Output): Promise<Session> => {
  const made = await client.createSession(body, {
    idempotencyKey: randomId(20),
    onRetry: ({ message }) => stderr.write(`waiting: ${message} …\n`),
  })
  return untilStarted(client, made)
}

const withProgress = async <T>(stderr: Output, work: Promise<T>): Promise<T> => {
  const timer = setTimeout(() => stderr.write('starting …\n'), QUIET_MS)
  return work.finally(() => clearTimeout(timer))
}

type Fields = { [K in keyof CreateSession]: CreateSession[K] | undefined }
const given = (fields: Fields): CreateSession =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

export const newCommand = command(
  {
    name: 'new',
    summary: 'Make a session and attach to it.',
    usage: '[flags] [-- command args…]',
    options: {
      detach: { type: 'boolean', short: 'd', about: 'do not attach; print the id' },
      name: { type: 'string', value: 'NAME', about: 'a name to find it by; default: its id' },
      template: { type: 'string', value: 'TEMPLATE', about: 'what it is made from; default: the first template' },
      label: { type: 'string', multiple: true, value: 'NAME=VALUE', about: 'a label; may be repeated' },
      env: { type: 'string', multiple: true, value: 'NAME=VALUE', about: 'an environment variable; may be repeated' },
      cwd: { type: 'string', value: 'DIR', about: 'working directory in the session' },
      ttl: { type: 'string', value: 'SECONDS', about: 'end it this long after its creation' },
      idle: { type: 'string', value: 'SECONDS', about: 'end it when nothing happens in it for so long' },
      'idle-action': {
        type: 'string',
        value: 'ACTION',
        about: 'what is done when it is idle: stop, or suspend until someone attaches',
      },
      restart: {
        type: 'string',
        value: 'POLICY',
        about: 'start its command anew: never, on-loss (of its host), always (also when it ends)',
      },
      'node-selector': {
        type: 'string',
        multiple: true,
        value: 'NAME=VALUE',
        about: 'a label that its node must have; may be repeated',
      },
      json: { type: 'boolean', about: 'do not attach; print the session as JSON' },
    },
    examples: [
      'holdfast new --idle 3600 --idle-action suspend',
      'holdfast new -d --restart always --node-selector disk=ssd -- ./serve.sh',
    ],
  },
  async (values, [program, ...args], { io, client }) => {
    const { restart, 'idle-action': idleAction } = values
    const body = given({
      name: values.name,
      template: values.template,
      labels: pairs('--label', values.label),
      env: pairs('--env', values.env),
      cwd: values.cwd,
      ttlSeconds: wholeNumber('--ttl', values.ttl),
      idleSeconds: wholeNumber('--idle', values.idle),
      idleAction: idleAction === undefined ? undefined : oneOf('--idle-action', IDLE_ACTIONS, idleAction),
      restart: restart === undefined ? undefined : oneOf('--restart', RESTART_POLICIES, restart),
      nodeSelector: pairs('--node-selector', values['node-selector']),
      command: program,
      args: program === undefined ? undefined : args,
      ...sizeOf(io.stdout),
    })
    const api = client()
    const session = await withProgress(io.stderr, started(api, body, io.stderr))
    if (session.phase === 'failed') {
      const why = session.reason ?? 'no reason was given'
      throw new HoldfastError('INTERNAL', `session ${session.id} failed to start: ${why}`)
    }
    if (values.json) io.stdout.write(`${JSON.stringify(session, null, 2)}\n`)
    else if (values.detach) io.stdout.write(`${session.id}\n`)
    else return liveSession(api, session.id, 'rw', io)
    return 0
  },
)
