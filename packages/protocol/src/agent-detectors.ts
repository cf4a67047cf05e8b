/**
 * How coding agents show what they do. Raise `version` with every change of rules.
 * Source: the screens of Claude Code 2.1.332, Codex 0.171.0 and Gemini CLI 0.61.0 (test/agent-screens.txt), and of those before them.
 */
import type { Detector } from './agent-schemas.ts'

/**
 * A list of numbered answers with the cursor on one of them, but not text that begins with a number where the user types, or above that: the last cursor
 * on the screen counts, and next to it stands another answer.
 */
const OPTIONS = (cursor: string): string => {
  const numbered = String.raw`[ \t│]*\d+\.[ \t]`
  const before = String.raw`(?<=^${numbered}[^\n]*\n(?:[^\n]*\n)?)`
  const after = String.raw`(?=[^]*\n${numbered})`
  const chosen = String.raw`[ \t│]*${cursor}[ \t]*\d+\.[ \t][^\n]*`
  return String.raw`^(?:${chosen}${after}|${before}${chosen})(?![^]*\n[ \t│]*${cursor})`
}

export const DETECTORS: readonly Detector[] = [
  {
    name: 'claude-code',
    version: 2,
    command: '^claude(?:-code)?$',
    rules: [
      { state: 'idle', text: '⌕ Search', lines: 10 },
      { state: 'waiting', text: OPTIONS('❯'), lines: 20 },
      { state: 'waiting', text: 'esc to cancel', lines: 6 },
      { state: 'busy', text: String.raw`\b(?:esc|ctrl\+c) to interrupt\b`, lines: 12 },
      { state: 'busy', text: String.raw`^[ \t]*[·*✢-✧✱-❋] \S*ing\b[^\n]*…`, lines: 12 },
    ],
  },
  {
    name: 'codex',
    version: 2,
    command: '^codex(?:-cli)?$',
    rules: [
      { state: 'waiting', text: String.raw`press enter to confirm|confirm with .+ enter|allow command\?`, lines: 20 },
      { state: 'waiting', text: OPTIONS('[›❯>▌]'), lines: 20 },
      { state: 'waiting', text: String.raw`\[y/n\]`, lines: 4 },
      { state: 'busy', text: String.raw`\besc to interrupt\b`, lines: 12 },
    ],
  },
  {
    name: 'gemini',
    version: 2,
    command: '^gemini(?:-cli)?$',
    rules: [
      { state: 'waiting', text: 'waiting for user confirmation', lines: 20 },
      {
        state: 'waiting',
        text: String.raw`(?:apply this change|allow execution|do you want to proceed)[^\n]*\?`,
        lines: 20,
      },
      { state: 'waiting', text: OPTIONS('[●❯]'), lines: 20 },
      { state: 'busy', text: String.raw`\besc to cancel\b`, lines: 12 },
    ],
  },
]
