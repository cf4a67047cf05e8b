/** How the commands tell what they are doing: one line a step, with its time; the output of a step only when it fails. */
import { spawn, spawnSync } from 'node:child_process'

const say = (line) => process.stderr.write(`${line}\n`)

/** Runs `work`, a function, and prints `label … 1.2 s`. Rethrows. */
export const step = async (label, work) => {
  const begin = Date.now()
  say(`• ${label} …`)
  const result = await work()
  say(`✓ ${label} (${((Date.now() - begin) / 1000).toFixed(1)} s)`)
  return result
}

/** Runs a command quietly; throws with the end of its output when it fails. */
export const run = (command, args, options = {}) =>
  new Promise((done, fail) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
    const output = []
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        output.push(chunk)
        if (process.env.HOLDFAST_VERBOSE) process.stderr.write(chunk)
      })
    }
    child.on('error', (error) => fail(new Error(`${command} cannot be run: ${error.message}`)))
    child.on('close', (code) => {
      const text = Buffer.concat(output).toString()
      if (code === 0) return done(text)
      const end = text.trimEnd().split('\n').slice(-30).join('\n')
      fail(new Error(`${[command, ...args].join(' ').slice(0, 200)} failed with ${code}:\n${end}`))
    })
  })

/** Does the command succeed? Within 10 s, output thrown away. */
export const succeeds = (command, args) => spawnSync(command, args, { stdio: 'ignore', timeout: 10_000 }).status === 0
export const onPath = (command) => succeeds('sh', ['-c', `command -v ${command}`])
