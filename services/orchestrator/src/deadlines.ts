/** How long a phase may last and how long things are kept, in milliseconds. */

/** From the request to a running session; also the time a placed host has to come up. */
export const START_TIMEOUT_MS = 60_000
/** HUP and TERM first, KILL after this. */
export const STOP_GRACE_MS = 5_000
/** A stop that takes longer than this is logged as overdue; it is tried until it succeeds. */
export const STOP_TIMEOUT_MS = 30_000
/** After the host's own linger: its death note is written by then. */
export const LINGER_SLACK_MS = 5_000
/** A host without a session that nobody knows may still be on its way into the store. */
export const UNKNOWN_HOST_AGE_MS = 120_000
