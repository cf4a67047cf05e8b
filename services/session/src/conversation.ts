/** What one client says over its WebSocket, from the first message on: the receiving half of `holdfast.v1`, and of `raw`. */
import { type AttachMessage, type ClientMessage, HoldfastError, randomId, type SignalName } from '@holdfast/protocol'
import type { Attachment } from './attachment.ts'
import { checked, parseJson } from './bodies.ts'
import { known } from './checks.ts'
import { asHoldfastError } from './http-problem.ts'
import type { Session } from './session.ts'
import type { Wire } from './viewer.ts'

export interface Conversation {
  receive(data: Buffer, isBinary: boolean): void
  /** The connection is gone. */
  closed(): void
}

export interface Terms {
  session: Session
  wire: Wire
  /** The most that the grant allows. */
  mode: 'rw' | 'ro'
  principal: string
  /** Of the grant, Unix time (ms). */
  expires: number
}

/** Null for a type that we do not know: it is ignored. Throws BAD_REQUEST. */
const parseMessage = (text: string): ClientMessage | null => {
  const value = parseJson(text, 'the message')
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined
  if (typeof type !== 'string') throw new HoldfastError('BAD_REQUEST', 'a message is an object with a type')
  const name = `message:${type}` as const
  return known(name) ? checked(name, value, type) : null
}

const attach = ({ session, wire, mode, principal, expires }: Terms, message: AttachMessage): Attachment => {
  const { client, cols, rows, epoch, offset } = message
  const identity = `${client} ${mode} ${principal}`
  const viewer = {
    client,
    identity,
    mode: mode === 'ro' ? mode : (message.mode ?? 'rw'),
    raw: false,
    expires,
    cols,
    rows,
  }
  return session.attachments.attach(viewer, wire, { epoch, offset })
}

/** What a read-only view may send. */
const FOR_ALL: ReadonlySet<ClientMessage['type']> = new Set(['ack', 'ping', 'colors'])

/** Input that the stream's thread left to us: of a read-only view, in several frames, or long. */
const typeInto = (attachment: Attachment, bytes: Buffer): void => {
  if (attachment.viewer.mode === 'ro') throw new HoldfastError('READ_ONLY', 'a read-only view takes no input')
  if (bytes.length > 0) attachment.input(bytes)
}

const signal = async (session: Session, attachment: Attachment, name: SignalName): Promise<void> => {
  if (await session.signal(name)) return
  attachment.say({ type: 'notice', level: 'info', text: `nothing in the foreground takes SIG${name}` })
}

const act = ({ session }: Terms, attachment: Attachment, message: Exclude<ClientMessage, AttachMessage>): void => {
  const { attachments } = session
  if (attachment.viewer.mode === 'ro' && !FOR_ALL.has(message.type)) {
    throw new HoldfastError('READ_ONLY', `a read-only view may not send "${message.type}"`)
  }
  if (message.type === 'ack') attachment.ack(message.offset)
  else if (message.type === 'ping') attachment.say({ type: 'pong', id: message.id })
  else if (message.type === 'colors') attachments.colors(attachment, message)
  else if (message.type === 'resize') attachments.resize(attachment, message.cols, message.rows)
  else if (message.type === 'control' && message.action === 'take') attachments.take(attachment)
  else if (message.type === 'control') attachments.release(attachment)
  else if (message.type === 'signal') void signal(session, attachment, message.name)
}

/** Waits for `attach` at most `timeoutMs`. A mistake of the client ends the connection, with an error that says which. */
export const converse = (terms: Terms, timeoutMs: number): Conversation => {
  let attachment: Attachment | null = null
  let over = false
  const refuse = (error: HoldfastError): void => {
    over = true
    if (attachment !== null) {
      attachment.fail(error.code, error.message)
      return
    }
    terms.wire.sendMessage({ type: 'error', code: error.code, message: error.message })
    terms.wire.close(error.closeCode, error.message)
  }
  const timer = setTimeout(() => refuse(new HoldfastError('ATTACH_TIMEOUT', 'no attach came in time')), timeoutMs)
  const hear = (data: Buffer, isBinary: boolean): void => {
    const message = isBinary ? null : parseMessage(data.toString())
    if (!isBinary && message === null) return
    if (attachment === null) {
      if (message?.type !== 'attach') throw new HoldfastError('BAD_REQUEST', 'the first message is attach')
      clearTimeout(timer)
      attachment = attach(terms, message)
    } else if (message === null) typeInto(attachment, data)
    else if (message.type !== 'attach') act(terms, attachment, message)
    else throw new HoldfastError('BAD_REQUEST', 'attach comes once')
  }
  return {
    receive: (data, isBinary) => {
      if (over || attachment?.open === false) return
      try {
        hear(data, isBinary)
      } catch (thrown) {
        refuse(asHoldfastError(thrown))
      }
    },
    closed: () => {
      over = true
      clearTimeout(timer)
      if (attachment !== null) terms.session.attachments.leave(attachment)
    },
  }
}

/** Everything that comes is input, whatever the frame's type; the view begins at once. */
export const converseRaw = (terms: Terms, cols: number | undefined, rows: number | undefined): Conversation => {
  const client = `raw-${randomId(12)}`
  const viewer = { client, identity: client, mode: terms.mode, raw: true, expires: terms.expires, cols, rows }
  const attachment = terms.session.attachments.attach(viewer, terms.wire, { epoch: undefined, offset: undefined })
  return {
    receive: (data) => {
      if (!attachment.open) return
      try {
        typeInto(attachment, data)
      } catch (thrown) {
        const { code, message } = asHoldfastError(thrown)
        attachment.fail(code, message)
      }
    },
    closed: () => terms.session.attachments.leave(attachment),
  }
}
