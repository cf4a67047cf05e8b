/** `holdfast completion`: scripts that complete commands, flags and names of sessions in a shell. */
import { allSessions } from '@holdfast/client'
import { hasEnded } from '@holdfast/protocol'
import { type Command, command, oneOf, UsageError } from '../command.ts'
import { SHELLS, scriptFor } from '../completion.ts'

/** `commands`: of which the scripts tell. */
export const completionCommand = (commands: () => readonly Command[]): Command =>
  command(
    {
      name: 'completion',
      summary: 'Print a script that completes commands, flags and sessions: for bash, zsh or fish.',
      usage: 'bash|zsh|fish',
      options: {},
      examples: [
        'source <(holdfast completion bash)      # in ~/.bashrc',
        'source <(holdfast completion zsh)       # in ~/.zshrc, after compinit',
        'holdfast completion fish > ~/.config/fish/completions/holdfast.fish',
      ],
    },
    async (_values, [shell, ...more], { io, sessions }) => {
      if (shell === undefined || more.length > 0) throw new UsageError('name one shell')
      if (shell === 'names') {
        const live = (await allSessions(sessions())).filter(({ phase }) => !hasEnded(phase))
        io.stdout.write(live.map(({ id, name }) => `${name === id ? id : `${name}\n${id}`}\n`).join(''))
        return 0
      }
      io.stdout.write(scriptFor(oneOf('completion', SHELLS, shell), commands()))
      return 0
    },
  )
