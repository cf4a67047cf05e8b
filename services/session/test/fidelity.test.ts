/** Snapshots are equivalent: a snapshot and the rest lead to the state that the whole leads to. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { SCROLLBACK_LINES } from '@holdfast/protocol'
import { Comparison } from '../fidelity/comparison.ts'
import { cutPoints } from '../fidelity/cuts.ts'
import { differences } from '../fidelity/difference.ts'
import { randomProgram } from '../fidelity/generator.ts'
import { Program, type Size } from '../fidelity/program.ts'
import { Viewer } from '../fidelity/viewer.ts'

const PROGRAMS = 1000
/** Few lines, so that they fall out of it. */
const FEW_LINES = 15
const folder = join(import.meta.dirname, '../fidelity/recordings')
const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as Record<string, Size>

const diverging = async (program: Program, scrollbackLines: number, cuts: number): Promise<string[]> => {
  const comparison = new Comparison(program, scrollbackLines)
  const found: string[] = []
  for (const cut of cutPoints(program.bytes.length, cuts)) {
    const { divergences } = await comparison.cut(cut)
    found.push(...divergences.map((line) => `${program.name} cut ${cut}: ${line}`))
  }
  return found
}

for (const [name, size] of Object.entries(index)) {
  test(`a snapshot taken anywhere in what ${name} draws is equivalent`, async () => {
    const bytes = gunzipSync(readFileSync(join(folder, `${name}.bin.gz`)))
    assert.deepEqual(await diverging(new Program(name, size, bytes), SCROLLBACK_LINES, 10), [])
  })
}

test(`a snapshot taken anywhere in ${PROGRAMS} random programs is equivalent`, async () => {
  const found: string[] = []
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    found.push(...(await diverging(randomProgram(seed), FEW_LINES, 3)))
  }
  assert.deepEqual(found, [])
})

/** What each leaves behind is seen: the comparison itself would otherwise pass anything. */
const STATES: Record<string, string> = {
  'a character': 'x\b',
  'a space where nothing was written': ' \b',
  'a combining character': 'e\u0301\r',
  'the colour of a cell': '\x1b[38;5;9mx\x1b[m\r',
  'an underline style': '\x1b[4:3mx\x1b[m\r',
  'a link': '\x1b]8;;http://a\x07x\x1b]8;;\x07\r',
  'an open link': '\x1b]8;;http://a\x07',
  'the pen': '\x1b[1m',
  'the cursor': '\x1b[C',
  'a wrap': '\x1b[80Gxy\b\x1b[X\x1b[A\x1b[80G\x1b[X\x1b[H',
  'a wrap to come': `\x1b[80Gx`,
  'a saved cursor': '\x1b[5;5H\x1b7\x1b[H',
  'a saved cursor of the other buffer': '\x1b[?47h\x1b[5;5H\x1b7\x1b[H\x1b[?47l',
  margins: '\x1b[3;9r',
  'tab stops': '\x1b[3g',
  'a charset': '\x1b)0',
  'a shifted charset': '\x0e',
  'origin mode': '\x1b[?6h',
  'insert mode': '\x1b[4h',
  'line feed mode': '\x1b[20h',
  'mouse tracking': '\x1b[?1002h',
  'the mouse encoding': '\x1b[?1006h',
  'the cursor style': '\x1b[3 q',
  'a hidden cursor': '\x1b[?25l',
  'a title': '\x1b]2;t\x07',
  'a title stack': '\x1b[22;2t',
  'a palette colour': '\x1b]4;1;#123456\x07',
  'the other buffer': '\x1b[?1047h',
  scrollback: '\n'.repeat(30),
}
for (const [what, bytes] of Object.entries(STATES)) {
  test(`the comparison sees ${what}`, () => {
    const [plain, changed] = [new Viewer({ cols: 80, rows: 24 }, 100), new Viewer({ cols: 80, rows: 24 }, 100)]
    changed.write(Buffer.from(bytes))
    assert.notDeepEqual([...differences(plain, changed, false)], [])
    assert.deepEqual([...differences(changed, changed, false)], [])
  })
}

const fidelity = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [join(import.meta.dirname, '../fidelity/main.ts'), ...args], { encoding: 'utf8' })

test('the command prints the total last and succeeds when nothing diverges', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'fidelity-')), 'a.bin')
  writeFileSync(file, 'one \x1b[31mred\x1b[m\r\n漢字')
  const { status, stdout } = fidelity(file, file, '--cols', '20', '--rows', '5', '--cuts', '4')
  assert.deepEqual([status, stdout], [0, 'files 2, cuts 8, divergent 0\n'])
})

test('the command names what it cannot read or understand, and exits with 2', () => {
  const missing = fidelity('/nowhere/at/all')
  assert.deepEqual([missing.status, missing.stdout], [2, ''])
  assert.match(missing.stderr, /\/nowhere\/at\/all/)
  assert.match(fidelity(tmpdir()).stderr, /directory/)
  for (const bad of [[], ['--cols', 'x', import.meta.filename], ['--what'], ['--cuts', '0', import.meta.filename]]) {
    assert.equal(fidelity(...bad).status, 2)
  }
})
