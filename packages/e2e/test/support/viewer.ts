/** A viewer that keeps every byte it was given, for comparing streams byte for byte. */
import { createHash } from 'node:crypto'
import type { Attachment, HoldfastClient, LinkState } from '@holdfast/client'
import { until } from './stack.ts'

export interface Viewer {
  readonly attachment: Attachment
  /** Everything delivered so far. */
  bytes(): Buffer
  text(): string
  readonly states: LinkState[]
  /** Texts of the notices so far. */
  readonly notices: string[]
  /** Snapshots received: none in a stream that was only ever continued. */
  snapshots(): number
  waitFor(pattern: RegExp, ms?: number): Promise<RegExpExecArray>
}

export const view = (
  client: HoldfastClient,
  id: string,
  options: { cols?: number; rows?: number; mode?: 'rw' | 'ro' } = {},
): Viewer => {
  const chunks: Buffer[] = []
  const states: LinkState[] = []
  const notices: string[] = []
  let snapshots = 0
  const attachment = client.attach(id, {
    ...options,
    onOutput(bytes, parsed) {
      chunks.push(Buffer.from(bytes))
      parsed()
    },
    onSnapshot(bytes, _size, parsed) {
      snapshots++
      chunks.push(Buffer.from(bytes))
      parsed()
    },
    onState: (state) => states.push(state),
    onMessage: (message) => void (message.type === 'notice' && notices.push(message.text)),
  })
  const bytes = () => Buffer.concat(chunks)
  const text = () => bytes().toString()
  return {
    attachment,
    bytes,
    text,
    states,
    notices,
    snapshots: () => snapshots,
    waitFor: (pattern, ms) => until(`${pattern} in the output`, () => pattern.exec(text()) ?? undefined, ms),
  }
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
