/**
 * `node lanes.mjs GLOBS GLOBS …`: runs the test files of each argument (globs, by comma) one after the other, and the arguments side by side where there are
 * cores for that, for most tests wait more than they compute. Reports as one run of node:test does: file by file, with one summary.
 */
import { availableParallelism } from 'node:os'
import { run } from 'node:test'
import { spec as Spec } from 'node:test/reporters'

const COUNTS = {
  tests: 'tests',
  suites: 'suites',
  pass: 'passed',
  fail: 'failed',
  cancelled: 'cancelled',
  skipped: 'skipped',
  todo: 'todo',
}
const RESULTS = new Set(['test:pass', 'test:fail'])
/** One file alone uses two cores at times; beside each other on two of them, what a browser or a cluster does comes too late now and then. */
const CORES_FOR_TWO = 4
const FILE_TIMEOUT_MS = 600_000

const began = performance.now()
const report = new Spec()
report.pipe(process.stdout)
const summaries = []

/** What a lane says is held until its suite has ended: in the report no suite stands within another. */
const lane = async (globs) => {
  let held = []
  const say = () => {
    for (const event of held) report.write(event)
    held = []
  }
  for await (const event of run({ globPatterns: globs.split(','), concurrency: 1, timeout: FILE_TIMEOUT_MS })) {
    if (event.data?.file === undefined) {
      if (event.type === 'test:summary') summaries.push(event.data)
      continue
    }
    held.push(event)
    if (RESULTS.has(event.type) && event.data.nesting === 0) say()
  }
  say()
}

const lanes = process.argv.slice(2)
if (availableParallelism() >= CORES_FOR_TWO) await Promise.all(lanes.map(lane))
else for (const globs of lanes) await lane(globs)

const duration_ms = performance.now() - began
for (const [name, key] of Object.entries(COUNTS)) {
  const count = summaries.reduce((sum, { counts }) => sum + counts[key], 0)
  report.write({ type: 'test:diagnostic', data: { nesting: 0, message: `${name} ${count}`, level: 'info' } })
}
report.write({ type: 'test:diagnostic', data: { nesting: 0, message: `duration_ms ${duration_ms}`, level: 'info' } })
report.end({ type: 'test:summary', data: {} })
process.exitCode = summaries.length === lanes.length && summaries.every(({ success }) => success) ? 0 : 1
