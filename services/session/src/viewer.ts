/** What an attachment stands between: the client with its connection, and the session's stream. */
import type { HostMessage, TerminalColors } from '@holdfast/protocol'
import type { Screen } from './screen.ts'
import type { Stream } from './stream.ts'
import type { ViewerSocket } from './viewer-socket.ts'

export type Resized = Extract<HostMessage, { type: 'resized' }>

/** The connection below: the only thing an attachment knows of WebSockets. */
export interface Wire {
  readonly socket: ViewerSocket
  sendBytes(bytes: Buffer): void
  sendMessage(message: HostMessage): void
  /** Bytes given to the two that have not left this process. */
  readonly buffered: number
  close(code: number, reason: string): void
}

/** The session as its viewers see it. */
export interface Watched {
  readonly epoch: string
  readonly stream: Stream
  readonly screen: Screen
  /** The last message of all, once the stream has ended. */
  exitMessage(): HostMessage | null
}

export interface Viewer {
  client: string
  /** The client among those with the same grant: an id is no secret, and must not be enough to end another one's view. */
  identity: string
  mode: 'rw' | 'ro'
  /** Plain bytes both ways: no control messages, and what left this process counts as acknowledged. */
  raw: boolean
  /** Unix time (ms) at which its grant does: tells which of a client's connections is the newer. */
  expires: number
  /** Size of its window, if it told. */
  cols: number | undefined
  rows: number | undefined
  /** Of its terminal, if it told. */
  colors?: TerminalColors
}
