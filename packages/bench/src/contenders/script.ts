/** `script` reading a command's terminal and throwing it away: the most that any holder of a PTY can drain. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { Skipped } from '../line.ts'
import type { Undo } from '../undo.ts'

/** Milliseconds from its start to its end. Throws `Skipped`. */
export const drainByScript = async (shellCommand: string, undo: Undo): Promise<number> => {
  if (spawnSync('script', ['--version']).error !== undefined) throw new Skipped('no script on PATH')
  const begin = performance.now()
  const child = spawn('script', ['-qfc', shellCommand, '/dev/null'], { stdio: 'ignore' })
  const stop = undo.add(() => child.kill())
  const [code] = await once(child, 'exit')
  const time = performance.now() - begin
  await stop()
  if (code !== 0) throw new Error(`script ended with ${code}`)
  return time
}
