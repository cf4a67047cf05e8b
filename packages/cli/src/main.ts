/** The entry of `holdfast`: wires the process to the commands. */
import { run } from './cli.ts'

// `holdfast ls | head`: the reader has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

const { env, stdin, stdout, stderr } = process
const exitCode = await run(process.argv.slice(2), { env, stdin, stdout, stderr, signals: process })
await new Promise<void>((resolve) => stdout.write('', () => resolve())) // a pipe may still hold output
process.exit(exitCode)
