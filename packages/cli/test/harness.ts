/** Runs the command line inside the test, with streams that can be read. */
import { EventEmitter } from 'node:events'
import { PassThrough, Writable } from 'node:stream'
import { run } from '../src/cli.ts'
import type { Io } from '../src/io.ts'

class Capture extends Writable {
  text = ''
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

export interface Result {
  exitCode: number
  out: string
  err: string
}

export const emptyIo = (env: NodeJS.ProcessEnv) => ({
  env,
  stdin: new PassThrough(),
  stdout: new Capture(),
  stderr: new Capture(),
  signals: new EventEmitter(),
})

export const holdfast = async (argv: string[], env: NodeJS.ProcessEnv = {}): Promise<Result> => {
  const io = emptyIo({ HOME: '/nonexistent', ...env })
  const exitCode = await run(argv, io satisfies Io)
  return { exitCode, out: io.stdout.text, err: io.stderr.text }
}
