/** `npm run fidelity`: is a snapshot plus the rest as good as the whole? Asked of recorded terminal output, cut at many places. */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { SCROLLBACK_LINES } from '@holdfast/protocol'
import { Comparison, HORIZON_BYTES, WHOLE_BYTES } from './comparison.ts'
import { cutPoints } from './cuts.ts'
import { Program, type Size } from './program.ts'

const USAGE = `usage: npm run fidelity -- FILE… [--cols N --rows N] [--cuts K]

Each FILE is recorded terminal output (.gz is unpacked), of a terminal of N columns and rows (80×24). It is cut at
K offsets (50): beginning, end, evenly between, and at random, so inside characters and sequences too. At each cut
the screen gives a snapshot. A terminal fed with it and with what follows is compared, at the cut and at the end, to
one fed with everything: cells, attributes, links, both buffers, modes, saved state, replies to queries; and again
after a probe that uses tabs, saved cursors, charsets, margins and stacks.
Files of more than ${WHOLE_BYTES / 1024 / 1024} MiB are compared up to ${HORIZON_BYTES / 1024} KiB behind each cut, without the probe and the queries but at the end.

Exits with 1 when any cut diverges, with 2 when a FILE cannot be read.`

const print = (line: string): void => void process.stdout.write(`${line}\n`)

const refuse = (message: string): never => {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}

const wholeNumber = (name: string, text: string, least: number, most: number): number => {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  return refuse(`--${name} ${text}: expected a whole number from ${least} to ${most}\n\n${USAGE}`)
}

const readArguments = (): { files: string[]; size: Size; cuts: number } => {
  const options = {
    cols: { type: 'string' },
    rows: { type: 'string' },
    cuts: { type: 'string' },
    help: { type: 'boolean' },
  } as const
  const read = () => {
    try {
      return parseArgs({ allowPositionals: true, options })
    } catch (error) {
      return refuse(`${(error as Error).message}\n\n${USAGE}`)
    }
  }
  const { values, positionals: files } = read()
  if (values.help) {
    print(USAGE)
    process.exit(0)
  }
  if (files.length === 0) refuse(USAGE)
  const size = {
    cols: wholeNumber('cols', values.cols ?? '80', 2, 1000),
    rows: wholeNumber('rows', values.rows ?? '24', 1, 1000),
  }
  return { files, size, cuts: wholeNumber('cuts', values.cuts ?? '50', 1, 1_000_000) }
}

const readProgram = (file: string, size: Size): Program => {
  try {
    const bytes = readFileSync(file)
    return new Program(file, size, file.endsWith('.gz') ? gunzipSync(bytes) : bytes)
  } catch (error) {
    return refuse(`${file}: ${(error as Error).message}`)
  }
}

const { files, size, cuts } = readArguments()
const programs = files.map((file) => readProgram(file, size))
let [total, divergent] = [0, 0]
for (const program of programs) {
  const comparison = new Comparison(program, SCROLLBACK_LINES)
  for (const offset of cutPoints(program.bytes.length, cuts)) {
    const { divergences, linesLeftOut } = await comparison.cut(offset)
    total++
    if (divergences.length > 0) divergent++
    for (const line of divergences) print(`${program.name} cut ${offset}: ${line}`)
    if (linesLeftOut > 0)
      print(`${program.name} cut ${offset}: no room for the oldest ${linesLeftOut} lines in the snapshot`)
  }
}
print(`files ${files.length}, cuts ${total}, divergent ${divergent}`)
process.exitCode = divergent > 0 ? 1 : 0
