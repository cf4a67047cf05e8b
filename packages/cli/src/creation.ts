/** Making a session from the flags of `new` and `run`. */
import { type CreateOptions, untilStarted } from '@holdfast/client'
import {
  type CreateSession,
  HoldfastError,
  idleActionSchema,
  randomId,
  restartSchema,
  type Session,
} from '@holdfast/protocol'
import type { SessionApi } from '@holdfast/session-manager'
import { type Options, oneOf, pairs, type Values, wholeNumber } from './command.ts'
import type { Io, Output } from './io.ts'
import { sizeOf } from './local-terminal.ts'

/** A start that is over sooner needs no word. */
const QUIET_MS = 300

const IDLE_ACTIONS = idleActionSchema.anyOf.map((action) => action.const)
const RESTART_POLICIES = restartSchema.anyOf.map((policy) => policy.const)

export const CREATE_OPTIONS = {
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
  'resume-command': {
    type: 'string',
    value: 'COMMAND',
    about: 'how its command is started again when it has to be; words are split at blanks, with no shell',
  },
  'node-selector': {
    type: 'string',
    multiple: true,
    value: 'NAME=VALUE',
    about: 'a label that its node must have; may be repeated',
  },
} as const satisfies Options

type Fields = { [K in keyof CreateSession]: CreateSession[K] | undefined }
const given = (fields: Fields): CreateSession =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

/** The size is that of the terminal, if there is one. */
export const bodyOf = (
  values: Values<typeof CREATE_OPTIONS>,
  [program, ...args]: readonly string[],
  stdout: Output,
): CreateSession => {
  const { restart, 'idle-action': idleAction, 'resume-command': resume } = values
  return given({
    name: values.name,
    template: values.template,
    labels: pairs('--label', values.label),
    env: pairs('--env', values.env),
    cwd: values.cwd,
    ttlSeconds: wholeNumber('--ttl', values.ttl),
    idleSeconds: wholeNumber('--idle', values.idle),
    idleAction: idleAction === undefined ? undefined : oneOf('--idle-action', IDLE_ACTIONS, idleAction),
    restart: restart === undefined ? undefined : oneOf('--restart', RESTART_POLICIES, restart),
    resume: resume === undefined ? undefined : resume.split(/\s+/).filter((word) => word !== ''),
    nodeSelector: pairs('--node-selector', values['node-selector']),
    command: program,
    args: program === undefined ? undefined : args,
    ...sizeOf(stdout),
  })
}

/** Resolves when it runs, or has ended already; says so when that takes its time. Throws when it failed to start. */
export const started = async (
  api: Pick<SessionApi, 'createSession' | 'getSession'>,
  body: CreateSession,
  { stderr }: Io,
  options: Pick<CreateOptions, 'waitSeconds'> = {},
): Promise<Session> => {
  const timer = setTimeout(() => stderr.write('starting …\n'), QUIET_MS)
  try {
    const made = await api.createSession(body, {
      ...options,
      idempotencyKey: randomId(20),
      onRetry: ({ message }) => stderr.write(`waiting: ${message} …\n`),
    })
    const session = await untilStarted(api, made)
    if (session.phase !== 'failed') return session
    const why = session.reason ?? 'no reason was given'
    throw new HoldfastError('INTERNAL', `session ${session.id} failed to start: ${why}`)
  } finally {
    clearTimeout(timer)
  }
}
