/** Keys are shown before their echo comes, over a slow line and inside a real tmux; passwords never are. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { whyNoTmux } from '@holdfast/session-manager/why-no-tmux'
import { seatAt } from './support/seat.ts'
import { SlowLine } from './support/slow-line.ts'
import { type Stack, startStack, until } from './support/stack.ts'

const PROGRAM = join(import.meta.dirname, '../../cli/bin/holdfast.mjs')
const skip = whyNoTmux(process.env.CI === 'true')
const LIMIT = { timeout: 300_000 }
const DELAY_MS = 60
const dir = mkdtempSync(join(tmpdir(), 'hfp-'))
const SEAT = join(dir, 'seat')
const { tmux, screen, sees, press, type, enter } = seatAt(SEAT)

let stack: Stack
let line: SlowLine
before(async () => {
  if (skip !== false) return
  stack = await startStack('process')
  line = await SlowLine.start({ host: '127.0.0.1', port: Number(new URL(stack.url).port) }, DELAY_MS)
})
after(async () => {
  if (skip !== false) return
  execFileSync('tmux', ['-S', SEAT, 'start-server', ';', 'kill-server'])
  await line.stop()
  await stack.destroy()
  rmSync(dir, { recursive: true })
})

/** A shell in a session, over the slow line, in a window of its own. */
const attach = async (window: string, flags: string): Promise<void> => {
  const settings = { HOLDFAST_URL: line.url, HOLDFAST_KEY: stack.key, PS1: 'seat> ', LC_ALL: 'C.UTF-8' }
  const env = Object.entries(settings).flatMap(([name, value]) => ['-e', `${name}=${value}`])
  tmux('new-session', '-d', '-s', window, '-x', '60', '-y', '12', ...env, 'bash', '--norc', '--noprofile')
  const command = `new --name ${window} ${flags} --env PS1='in> ' -- bash --norc --noprofile`
  enter(window, `${process.execPath} ${PROGRAM} ${command}`)
  await sees(window, /^in>/m)
}

/** One key after the other, each when the one before shows: by its echo, or already by a guess that an echo has confirmed. */
const typeSlowly = async (window: string, text: string): Promise<void> => {
  for (const [at] of [...text].entries()) {
    type(window, text.charAt(at))
    await sees(window, new RegExp(`in> ${text.slice(0, at + 1)}$`, 'm'))
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is how tmux tells it
const UNDERLINED = /\x1b\[4m.*xyz/
const attributes = (window: string): string => tmux('capture-pane', '-p', '-e', '-t', `=${window}:`)

const bash = async (window: string, flags = ''): Promise<void> => {
  await attach(window, flags)
  enter(window, 'printf "o%s\\n" ne')
  await sees(window, /^one\nin>/m)
}

describe('keys before their echo', { skip }, () => {
  test(
    'a typed key shows while nothing can come from the host; the screen is then as without that',
    LIMIT,
    async (t) => {
      t.after(() => line.release())
      await bash('guessing')
      await typeSlowly('guessing', 'echo')
      line.hold()
      for (const key of ' xyz') type('guessing', key)
      await sees('guessing', /^in> echo xyz$/m)
      assert.match(attributes('guessing'), UNDERLINED, 'it is not certain')
      line.release()
      await until('it is certain', () => !UNDERLINED.test(attributes('guessing')))

      await bash('plain', '--predict never')
      await typeSlowly('plain', 'echo')
      type('plain', ' xyz')
      await sees('plain', /^in> echo xyz$/m)
      for (const window of ['guessing', 'plain']) {
        press(window, 'Enter')
        await sees(window, /^xyz\nin>\s*$/m)
        for (const key of 'printf "\\e[31mred\\e[0m a  b\\n"') type(window, key)
        press(window, 'Enter')
        await sees(window, /^red a {2}b\nin>\s*$/m)
        for (const key of 'true # héllo') type(window, key)
        press(window, 'Enter')
        await sees(window, /^in> true # héllo\nin>\s*$/m)
      }
      assert.equal(attributes('guessing'), attributes('plain'))
    },
  )

  test('what the program shows otherwise is put right, and a password is never shown', LIMIT, async (t) => {
    t.after(() => line.release())
    const window = 'password'
    await bash(window)
    await typeSlowly(window, 'read')
    for (const key of ' -sp "Password: " x && wc -c <<< "$x"') type(window, key)
    press(window, 'Enter')
    await sees(window, /^Password:$/m)
    line.hold()
    for (const key of 'hunter2') type(window, key)
    press(window, 'Enter')
    // Asked beside the slow line: then all keys have passed the command line.
    const id = (await stack.client.listSessions()).sessions.find(({ name }) => name === window)?.id ?? ''
    await until('the program has the password', async () =>
      /^Password: 8$/m.test(await stack.client.screen(id, 'text')),
    )
    assert.match(screen(window), /^Password:$/m)
    line.release()
    await sees(window, /^Password: 8$/m)
    assert.doesNotMatch(screen(window), /hunter/)
  })
})
