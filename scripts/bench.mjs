/** `npm run bench`: sets up what the benchmarks and their contenders need, then measures on Node 24; see packages/bench. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ttydImage } from './contenders.mjs'
import { baseImages, dockerAnswers, dockerEngine, dockerPlugins } from './docker.mjs'
import { native, node24, packages, redisServer, root, tmuxProgram, withNode24 } from './setup.mjs'

/** What a machine lacks becomes a row with the reason. */
const attempt = async (what, work) => {
  try {
    await work()
  } catch (error) {
    process.stderr.write(`! no ${what}: ${error.message}\n`)
  }
}

const args = process.argv.slice(2)
await packages()
if (!args.includes('--help')) {
  await native()
  await attempt('Redis', redisServer)
  await attempt('tmux', tmuxProgram)
  await attempt('Docker', async () => {
    await dockerEngine()
    await dockerPlugins()
    await baseImages({ mayPull: process.env.HOLDFAST_AIRGAP !== '1' })
  })
  if (dockerAnswers()) await attempt('ttyd', ttydImage)
}

const bench = spawn(node24, [join(root, 'packages/bench/src/main.ts'), ...args], { env: withNode24, stdio: 'inherit' })
// Ctrl-C reaches the child by itself; we wait until it has taken everything down.
process.on('SIGINT', () => undefined)
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => bench.kill(signal))
bench.on('close', (code) => process.exit(code ?? 1))
