/** Whether tests can use tmux. */
import { spawnSync } from 'node:child_process'

/** False when there is one; else the reason, which on CI is a failure. */
export const whyNoTmux = (isCi: boolean): string | false => {
  const { error } = spawnSync('tmux', ['-V'])
  if (error === undefined) return false
  if (isCi) throw new Error('tmux is missing on CI', { cause: error })
  return 'tmux is not installed'
}
