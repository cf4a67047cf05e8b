/** How long things may take and how long they are kept, in milliseconds; those of the phases are in PHASE_RULES. */

/** A host that is made for a pool has this long to listen. */
export const START_TIMEOUT_MS = 60_000
/** HUP and TERM first, KILL after this. */
export const STOP_GRACE_MS = 5_000
/** After the host's own linger: its death note is written by then. */
export const LINGER_SLACK_MS = 5_000
/** A host without a session that nobody knows may still be on its way into the store. */
export const UNKNOWN_HOST_AGE_MS = 120_000
