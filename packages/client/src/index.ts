/** The public list of the client: sessions over HTTP, and attachments that survive reconnects. */
export { cureResizes } from '@holdfast/protocol'
export { allSessions } from './all-sessions.ts'
export { Attachment, type AttachOptions } from './attachment.ts'
export { AttachmentEcho, type EchoScreen } from './attachment-echo.ts'
export {
  type ClientOptions,
  type CreateOptions,
  type DeathQuery,
  type Download,
  HoldfastClient,
  type ListQuery,
  type OutputPart,
  type OutputRange,
  type PlacementQuery,
  type UploadOptions,
} from './client.ts'
export type { FileBody } from './http.ts'
export type { LinkState } from './link.ts'
export { type Prediction, PredictiveEcho, type Sight } from './predictive-echo.ts'
export { readProblem } from './problem.ts'
export { QueryFilter } from './query-filter.ts'
export type { RetryOptions } from './retry-after.ts'
export type { SocketFactory, SocketLike } from './socket.ts'
export { untilStarted } from './until-started.ts'
export { WholeCharacters } from './whole-characters.ts'
