/** The native part of the stream (native/stream.c): what it offers. Offsets are whole numbers; one of 2^53 or more stands for no limit. */
import { loadAddon } from '@holdfast/service-kit'

/** Lives in C until nobody refers to it any more. */
export type Handle = object & { readonly __stream: unique symbol }

/** Bits of what is new about a viewer. */
export const VIEWER_NEWS = { heard: 1, flushed: 2, ended: 4, paused: 8 } as const

/** Bits of how the kernel treats the terminal's input: termios(3), ECHO and ICANON. */
export const TTY_MODES = { echo: 1, canonical: 2 } as const

export interface Mark {
  /** Where in the stream it stood. */
  offset: number
  text: string
}

export interface News {
  /** There was output or input. */
  moved: boolean
  /** Nobody has the terminal open any more. */
  hungUp: boolean
  /** Set when it changed: input waits for a command that does not read. */
  blocked?: boolean
  /** Bytes of input that wait. */
  waiting: number
  /** Set when it changed: bits of TTY_MODES. */
  tty?: number
  marks: Mark[]
  /** Pairs: a viewer's number, and bits of VIEWER_NEWS. */
  viewers: number[]
}

export interface Taken {
  /** What the screen has not had; of a flood of lines only what leads to the same screen. */
  bytes: Buffer
  /** Behind them. */
  offset: number
  /** Where the stream ended when a line was entered last, if that was since the last time. */
  lineAt?: number
}

export interface StreamState {
  start: number
  end: number
  /** Unix time of the last input or output, milliseconds. */
  activeMs: number
  inputFull: boolean
}

export interface View {
  cursor: number
  /** The replay buffer has moved past it. */
  behind: boolean
  /** It is not read, because the command takes no input. */
  held: boolean
}

interface Native {
  /** `terms`: bytes of replay buffer, window, acknowledgement and what waits for the screen, then seconds of acknowledgement, flood, round and hiccup. `first` is output before any of the terminal's. `onNews` is called once for what is new until `news` is. */
  open(fd: number, nonce: string, terms: Float64Array, base: number, onNews: () => void, first: Buffer): Handle
  news(stream: Handle): News
  take(stream: Handle): Taken
  /** Line feeds after which the screen, behind what was taken, has forgotten a line. */
  forgetting(stream: Handle, lines: number): void
  /** Sets the terminal's size and stops every viewer here; returns what belongs to the old size. */
  resize(stream: Handle, cols: number, rows: number): Taken
  /** Adds to the output. */
  print(stream: Handle, bytes: Buffer): void
  /** Input of a viewer, or of nobody in particular (0). The bytes are changed. */
  input(stream: Handle, viewer: number, bytes: Buffer): void
  reply(stream: Handle, bytes: Buffer): void
  state(stream: Handle): StreamState
  /** These bytes of the stream, or the last of them that are held if `partial`; null when not all are. */
  read(stream: Handle, from: number, to: number, partial: boolean): Buffer | null
  /** Bits of TTY_MODES. */
  tty(stream: Handle): number
  /** Keeps all from `before` bytes before the end on; -1: no more. */
  keep(stream: Handle, before: number): void
  /** Reads what a terminal that nobody has open any more still holds. */
  drain(stream: Handle): void
  /** Nothing more will come. */
  finish(stream: Handle): void
  control(stream: Handle, viewer: number): void
  accept(stream: Handle, fd: number, head: Buffer): number
  /** All that was heard is dealt with. */
  listen(stream: Handle, viewer: number): void
  /** Whole frames, or the next part of one, that are not dealt with in C. */
  heard(stream: Handle, viewer: number): Buffer | undefined
  /** Whole frames. False: news will say when they are flushed. */
  send(stream: Handle, viewer: number, frames: Buffer): boolean | undefined
  shut(stream: Handle, viewer: number): void
  close(stream: Handle, viewer: number): void
  join(stream: Handle, viewer: number, typing: boolean, raw: boolean, typed: number): void
  /** Ends its view; returns the input bytes it has typed. */
  part(stream: Handle, viewer: number): number | undefined
  /** Output goes on from `cursor` up to `stop`. */
  go(stream: Handle, viewer: number, cursor: number, acked: number, stop: number): void
  ack(stream: Handle, viewer: number, offset: number): void
  view(stream: Handle, viewer: number): View | undefined
  /** Gives free memory of the C heap back to the system. */
  spare(): void
}

export const native = loadAddon<Native>('stream.node', import.meta.url)
