/** `npm run bench -- [echo|start|memory|images …]`: measures the Holdfast that `npm start` runs, beside its contenders, in one run. */
import { echo } from './echo.ts'
import { images } from './images.ts'
import { memory } from './memory.ts'
import { start } from './start.ts'

const SCENARIOS: Readonly<Record<string, () => Promise<void>>> = { echo, start, memory, images }

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(SCENARIOS)
for (const name of names) {
  const scenario = SCENARIOS[name]
  if (scenario === undefined) {
    console.error(`no scenario "${name}"; there are: ${Object.keys(SCENARIOS).join(', ')}`)
    process.exit(2)
  }
  console.log(`\n## ${name}\n`)
  await scenario()
}
