/**
 * How coding agents show what they do. Raise `version` with every change of rules.
 * Source: their screens as of 2026; for Gemini CLI also its ToolConfirmationMessage and LoadingIndicator components.
 */
import type { Detector } from './agent-schemas.ts'

/** A list of numbered answers with a cursor on one of them. */
const OPTIONS = (cursor: string): string => String.raw`^[\s│]*${cursor}\s*\d+\.\s`
const QUESTION = String.raw`\b(?:do you want|would you like)\b[^\n]*\?`

export const DETECTORS: readonly Detector[] = [
  {
    name: 'claude-code',
    version: 1,
    command: '^claude(?:-code)?$',
    rules: [
      { state: 'idle', text: '⌕ Search', lines: 10 },
      { state: 'waiting', text: OPTIONS('❯'), lines: 20 },
      { state: 'waiting', text: `${QUESTION}[^]*\\byes\\b`, lines: 20 },
      { state: 'waiting', text: 'esc to cancel', lines: 6 },
      { state: 'busy', text: String.raw`\b(?:esc|ctrl\+c) to interrupt\b`, lines: 12 },
      { state: 'busy', text: String.raw`^\s*[·*✢-✧✱-❋] \S*ing\b[^\n]*…`, lines: 12 },
    ],
  },
  {
    name: 'codex',
    version: 1,
    command: '^codex(?:-cli)?$',
    rules: [
      { state: 'waiting', text: String.raw`press enter to confirm|confirm with .+ enter|allow command\?`, lines: 20 },
      { state: 'waiting', text: OPTIONS('[›❯>▌]'), lines: 20 },
      { state: 'waiting', text: `${QUESTION}[^]*\\byes\\b`, lines: 20 },
      { state: 'waiting', text: String.raw`\[y/n\]`, lines: 4 },
      { state: 'busy', text: String.raw`\besc to interrupt\b`, lines: 12 },
    ],
  },
  {
    name: 'gemini',
    version: 1,
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
