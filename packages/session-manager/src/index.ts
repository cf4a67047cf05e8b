/** The public list of the session manager. */
export type { LiveAttachment, SessionApi } from './api.ts'
