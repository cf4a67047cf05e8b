/** `node services/session/fidelity/fuzz.ts [FIRST [COUNT]]`: random programs without end in sight, for as long as one likes to look. */

import { Comparison } from './comparison.ts'
import { cutPoints } from './cuts.ts'
import { randomProgram } from './generator.ts'

/** Few lines, so that they fall out of it. */
const SCROLLBACK_LINES = 15
const CUTS = 6

const [first = 1, count = 1000] = process.argv.slice(2).map(Number)
let divergent = 0
for (let seed = first; seed < first + count; seed++) {
  const program = randomProgram(seed)
  const comparison = new Comparison(program, SCROLLBACK_LINES)
  for (const cut of cutPoints(program.bytes.length, CUTS)) {
    const { divergences } = await comparison.cut(cut)
    for (const line of divergences) process.stdout.write(`seed ${seed} cut ${cut}: ${line}\n`)
    if (divergences.length === 0) continue
    divergent++
    break
  }
}
process.stdout.write(`programs ${count}, divergent ${divergent}\n`)
process.exit(divergent > 0 ? 1 : 0)
