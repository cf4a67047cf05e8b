/** Sessions whose output and input can be checked to the byte, however long they stream. */
import assert from 'node:assert/strict'
import type { HoldfastClient } from '@holdfast/client'
import { until } from './stack.ts'
import { sha256, view } from './viewer.ts'

const PAD = 'abcdefghij'.repeat(6)
/**
 * A line from time to time, each with its number, until it is told to stop; a line that is typed is said back in between. Two
 * processes, because the time limit of bash's own `read` may take the end of a line without telling it; the pause is such a `read`
 * where nothing ever comes, since a `sleep` each time is what hundreds of sessions would mostly do.
 */
const count = (everyS: number): string =>
  [
    'stty -echo; on=$(mktemp)',
    `(i=0; exec 9<> <(:); while [[ -e $on ]]; do printf '%08d ${PAD}\\n' $((++i)); read -rt ${everyS} -u 9; done; echo "end $i") &`,
    'while read -r line; do echo "typed $line"; [[ $line != stop ]] || break; done; rm $on; wait',
  ].join('\n')

const expected = (lines: number): string =>
  sha256(Buffer.from(Array.from({ length: lines }, (_, n) => `${String(n + 1).padStart(8, '0')} ${PAD}\r\n`).join('')))

export interface Stream {
  /** Ends its viewer. */
  stop(): void
  /** Ends it. Throws unless its viewer was cut off at least once, and all output and input came exactly once, in order. */
  check(): Promise<void>
}

/** A session that says a line every so many seconds, and is typed into half as often; resolves when its first line has come. */
export const counting = async (client: HoldfastClient, template: string, everyS = 0.5): Promise<Stream> => {
  const { id } = await client.createSession({ template, command: 'bash', args: ['-c', count(everyS)] })
  const viewer = view(client, id)
  await viewer.waitFor(/00000001 /, 60_000)
  const words: string[] = []
  const typing = setInterval(() => {
    words.push(`w${words.length}`)
    viewer.attachment.write(`${words.at(-1)}\n`)
  }, 2_000 * everyS)
  const stop = () => {
    clearInterval(typing)
    viewer.attachment.detach()
  }
  const check = async () => {
    clearInterval(typing)
    const cut = viewer.states.some(({ kind }) => kind === 'waiting')
    assert.ok(cut, 'it was sent away by the gateway it began with')
    await until('it is attached again', () => viewer.states.at(-1)?.kind === 'attached', 60_000)
    viewer.attachment.write('stop\n')
    const end = await viewer.attachment.ended
    assert.deepEqual(end, { kind: 'ended', exitCode: 0, signal: null })
    assert.equal(viewer.snapshots(), 0, 'the stream was continued, never replaced by a snapshot')
    const lines = viewer.text().split(/(?<=\r\n)/)
    const typed = lines.filter((line) => line.startsWith('typed ')).map((line) => line.slice(6).trim())
    assert.deepEqual(typed, [...words, 'stop'])
    const count = Number(/^end (\d+)/.exec(lines.at(-1) ?? '')?.[1])
    const numbered = lines.filter((line) => /^\d/.test(line)).join('')
    assert.equal(sha256(Buffer.from(numbered)), expected(count))
    assert.equal(lines.length, count + typed.length + 1)
    await client.deleteSession(id)
  }
  return { stop, check }
}
