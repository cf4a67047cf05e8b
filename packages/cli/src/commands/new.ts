/** `holdfast new`: makes a session and attaches to it. */
import { command } from '../command.ts'
import { bodyOf, CREATE_OPTIONS, started } from '../creation.ts'
import { detachKeysOf } from '../detach-keys.ts'
import { liveSession } from '../live-session.ts'
import { PREDICT_OPTION, predictionOf } from '../prediction.ts'

export const newCommand = command(
  {
    name: 'new',
    summary: 'Make a session and attach to it.',
    usage: '[flags] [-- command args…]',
    options: {
      attach: { type: 'boolean', about: 'attach to it: the default' },
      detach: { type: 'boolean', short: 'd', about: 'do not attach; print the id' },
      predict: PREDICT_OPTION,
      ...CREATE_OPTIONS,
      json: { type: 'boolean', about: 'do not attach; print the session as JSON' },
    },
    examples: [
      'holdfast new --idle 3600 --idle-action suspend',
      'holdfast new -d --restart always --node-selector disk=ssd -- ./serve.sh',
      "holdfast new --resume-command 'claude --continue' --idle-action suspend --idle 3600 -- claude",
      'holdfast new --mode simple -- claude',
    ],
  },
  async (values, words, { io, sessions }) => {
    const body = bodyOf(values, words, io.stdout)
    const keys = detachKeysOf(io.env)
    const predict = predictionOf(values.predict)
    const api = sessions()
    const session = await started(api, body, io)
    if (values.json) io.stdout.write(`${JSON.stringify(session, null, 2)}\n`)
    else if (values.detach) io.stdout.write(`${session.id}\n`)
    else return (await liveSession(api, session.id, { mode: 'rw', keys, predict }, io)).exitCode
    return 0
  },
)
