/** A stream whose terminal is a named pipe: what the test writes is output, and what is typed comes back as an echo. */
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Mark } from '../src/native-stream.ts'
import { Stream, type StreamLimits } from '../src/stream.ts'

export interface FifoOptions {
  base?: number
  replayBytes?: number
  limits?: Partial<StreamLimits>
  onOutput?: (stream: Stream) => void
  onActivity?: () => void
}

export const NONCE = 'n0nce'

export const fifoStream = (
  t: TestContext,
  { base = 0, replayBytes = 1024 * 1024, limits = {}, ...rest }: FifoOptions,
) => {
  const directory = mkdtempSync(join(tmpdir(), 'hf-fifo-'))
  const path = join(directory, 'pipe')
  execFileSync('mkfifo', [path])
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  const marks: Mark[] = []
  const none = () => undefined
  const stream = new Stream(
    { fd, nonce: NONCE, replayBytes, base, limits },
    {
      onOutput: () => rest.onOutput?.(stream),
      onMark: (mark) => marks.push(mark),
      onHungUp: none,
      onActivity: () => rest.onActivity?.(),
      onInputBlocked: none,
      onTty: none,
    },
  )
  t.after(() => {
    stream.finish()
    closeSync(fd)
    rmSync(directory, { recursive: true })
  })
  return { stream, marks, write: (bytes: Buffer) => void writeSync(fd, bytes) }
}
