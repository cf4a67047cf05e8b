/** Which tmux is new enough. */

/** The oldest version of tmux that is enough. */
export const OLDEST = '3.2'
const [MAJOR = 0, MINOR = 0] = OLDEST.split('.').map(Number)

/** Is a tmux too old? `version` is what `tmux -V` prints: `tmux 3.3a`, `tmux next-3.6`, `tmux openbsd-7.5`: the last is as new as its system, and taken. */
export const isTooOld = (version: string): boolean => {
  const [, major, minor] = /(?:tmux |next-)(\d+)\.(\d+)/.exec(version) ?? []
  if (major === undefined) return false
  return Number(major) < MAJOR || (Number(major) === MAJOR && Number(minor) < MINOR)
}
