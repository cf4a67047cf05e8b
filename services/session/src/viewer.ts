/** What an attachment stands between: the client with its connection, and the session's stream. */
import type { HostMessage, TerminalColors } from '@holdfast/protocol'
import type { ReplayBuffer } from './replay-buffer.ts'
import type { Screen } from './screen.ts'

export type Resized = Extract<HostMessage, { type: 'resized' }>

/** The connection below: the only thing an attachment knows of WebSockets. */
export interface Wire {
  /** `flushed` is called when the bytes have left this process. */
  sendBytes(bytes: Buffer, flushed: () => void): void
  sendMessage(message: HostMessage): void
  /** Bytes given to `sendBytes` and `sendMessage` that have not left this process. */
  readonly buffered: number
  close(code: number, reason: string): void
  /** Stops and starts the delivery of what the client sends. */
  pause(): void
  resume(): void
}

/** The session's stream as its viewers see it. */
export interface Stream {
  readonly epoch: string
  readonly replay: ReplayBuffer
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
