/** `holdfast doctor`: what this machine can do, what is missing, and what to do about that. */
import { command } from '../command.ts'
import { checks, type Finding } from '../doctor/checks.ts'
import { printable } from '../table.ts'

const MARKS = { ok: '✓', missing: '–', broken: '✗' } as const

const lines = ({ what, state, found, remedy }: Finding): string[] => [
  `${MARKS[state]} ${what}: ${printable(found)}`,
  ...(remedy === undefined ? [] : [`    ${remedy}`]),
]

export const doctorCommand = command(
  {
    name: 'doctor',
    summary: 'Say what this machine can do and what is missing, each with its remedy; exit 1 if something is broken.',
    usage: '[--json]',
    options: { json: { type: 'boolean', about: 'print the findings as JSON' } },
  },
  async ({ json }, _positionals, context) => {
    const findings = await checks(context)
    const { stdout } = context.io
    stdout.write(json ? `${JSON.stringify(findings, null, 2)}\n` : `${findings.flatMap(lines).join('\n')}\n`)
    return findings.some(({ state }) => state === 'broken') ? 1 : 0
  },
)
