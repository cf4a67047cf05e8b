/** Names, sizes and times that both ends of the protocol must agree on. */

export const SUBPROTOCOL = 'holdfast.v1'
export const RAW_SUBPROTOCOL = 'raw'
/** Second subprotocol entry that carries a ticket: browsers cannot set headers on a WebSocket. */
export const TICKET_PREFIX = 'ticket.'

/** Bytes of one WebSocket message, either way; a larger one is closed with 1009. */
export const MAX_MESSAGE_BYTES = 1024 * 1024
/** Milliseconds from the upgrade to the `attach` message. */
export const ATTACH_TIMEOUT_MS = 10_000
/** Output bytes sent but not yet acknowledged as parsed; beyond it a viewer waits, and is skipped forward when the buffer moves on. */
export const WINDOW_BYTES = 1024 * 1024
/** Attachments of one session; the next one is refused with TOO_MANY. One that does not read costs its host up to 256 KiB. */
export const MAX_ATTACHMENTS = 256
/** A viewer acknowledges at the latest after this many parsed bytes, or after ACK_DELAY_MS. */
export const ACK_BYTES = 64 * 1024
export const ACK_DELAY_MS = 50
/** Raw output kept for resuming: default and largest. */
export const REPLAY_BYTES = 1024 * 1024
export const MAX_REPLAY_BYTES = 64 * 1024 * 1024
/** Milliseconds a host stays after the end of its session, so that a client that was away still gets the tail. */
export const LINGER_MS = 60_000
/** Milliseconds that a wait takes at most: default and largest. */
export const WAIT_MS = 30_000
export const MAX_WAIT_MS = 600_000
/** Milliseconds of silence that count as idle, and as a sign of a prompt, unless asked otherwise. */
export const QUIET_MS = { idle: 500, prompt: 200 } as const
/** Window sizes: VT220 could do 1; xterm.js needs 2 columns for wide characters. */
export const MIN_COLS = 2
export const MIN_ROWS = 1
export const MAX_COLS = 1000
export const MAX_ROWS = 1000
export const DEFAULT_COLS = 80
export const DEFAULT_ROWS = 24
/** Lines above the screen: default and largest. */
export const SCROLLBACK_LINES = 1000
export const MAX_SCROLLBACK_LINES = 100_000
/** What a program may write to the clipboard at once, decoded. */
export const MAX_CLIPBOARD_BYTES = 100 * 1024
export const MAX_LABELS = 32
/** Keys that one request may press. */
export const MAX_KEYS = 1000
/** Commands of its shell that a session remembers. */
export const MAX_COMMANDS = 100

export const SCREEN_FORMATS = ['text', 'ansi', 'json', 'html'] as const
/** Plain text, text with escape sequences, a `ScreenJson`, or a piece of HTML. */
export type ScreenFormat = (typeof SCREEN_FORMATS)[number]
/** Most bytes of one answer of `GET …/output`. */
export const MAX_OUTPUT_BYTES = 32 * 1024 * 1024
/** Bytes of a file that is uploaded. */
export const MAX_FILE_BYTES = 1024 * 1024 * 1024
/** Header of `GET …/output`: offset of the first byte of the answer. */
export const OUTPUT_FROM = 'holdfast-output-from'

/** Seconds between two points of a chart, and the most minutes that one goes back. */
export const CHART_STEP_SECONDS = 15
export const CHART_MINUTES = 60
