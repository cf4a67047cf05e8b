/** What every mode can do with sessions: the part of the cluster's client that tmux on this machine does, too. */
import type { Attachment, AttachOptions, HoldfastClient } from '@holdfast/client'

/** A live view of one session. */
export type LiveAttachment = Pick<
  Attachment,
  | 'client'
  | 'ended'
  | 'offset'
  | 'unacknowledged'
  | 'write'
  | 'resize'
  | 'colors'
  | 'signal'
  | 'control'
  | 'ping'
  | 'forget'
  | 'reconnect'
  | 'detach'
>

/** Calls, shapes and errors are those of `HoldfastClient`; what a mode cannot do it refuses with BAD_REQUEST, saying why. */
export type SessionApi = Pick<
  HoldfastClient,
  | 'createSession'
  | 'getSession'
  | 'listSessions'
  | 'environment'
  | 'updateSession'
  | 'deleteSession'
  | 'input'
  | 'paste'
  | 'sendKeys'
  | 'resize'
  | 'signal'
  | 'wait'
  | 'screen'
  | 'output'
  | 'events'
> & { attach(id: string, options: AttachOptions): LiveAttachment }
