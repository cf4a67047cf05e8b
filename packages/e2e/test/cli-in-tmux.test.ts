/** The command line as a person has it in a terminal: inside a real tmux, with keys that are pressed and screens that are read. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { whyNoTmux } from '@holdfast/session-manager/why-no-tmux'
import { seatAt } from './support/seat.ts'
import { type Stack, startStack, until } from './support/stack.ts'

const root = join(import.meta.dirname, '../../..')
const PROGRAM = join(root, 'packages/cli/bin/holdfast.mjs')
const skip = whyNoTmux(process.env.CI === 'true')
const LIMIT = { timeout: 300_000 }
const dir = mkdtempSync(join(tmpdir(), 'hfc-'))
/** The tmux that the person sits at; sessions of mode simple are in another one. */
const SEAT = join(dir, 'seat')
const SOCKET = join(dir, 'sessions')

const { tmux, screen, sees, press, type, enter } = seatAt(SEAT)

let stack: Stack
before(async () => {
  if (skip === false) stack = await startStack('process')
})
after(async () => {
  if (skip !== false) return
  for (const socket of [SEAT, SOCKET]) execFileSync('tmux', ['-S', socket, 'start-server', ';', 'kill-server'])
  await stack.destroy()
  rmSync(dir, { recursive: true })
})

let count = 0
/** A shell in a window, with `holdfast` in it. */
const sitAt = (mode: 'simple' | 'distributed' | 'hybrid'): string => {
  const window = `${mode}-${count++}`
  const place = { HOLDFAST_URL: stack.url, HOLDFAST_KEY: stack.key, HOLDFAST_MODE: mode, HOLDFAST_SOCKET: SOCKET }
  const settings = Object.entries({ ...place, HOME: dir, PS1: 'seat> ', LC_ALL: 'C.UTF-8' })
  const words = settings.flatMap(([name, value]) => ['-e', `${name}=${value}`])
  tmux('new-session', '-d', '-s', window, '-x', '90', '-y', '24', ...words, 'bash', '--norc', '--noprofile')
  tmux('set-option', '-w', '-t', `=${window}:`, 'window-size', 'manual')
  enter(window, `holdfast() { ${process.execPath} ${PROGRAM} "$@"; }; clear`)
  return window
}

const suite = (mode: 'simple' | 'distributed'): void => {
  const sit = (): string => sitAt(mode)
  const named = (what: string): string => `${mode}-${what}`
  const make = async (window: string, name: string): Promise<void> => {
    enter(window, `holdfast new --name ${name} --env PS1='in> ' -- bash --norc --noprofile`)
    await sees(window, /^in>/m)
  }

  test(
    `${mode}: make, type, detach, list, attach again by the beginning of its name, end with its code`,
    LIMIT,
    async () => {
      const window = sit()
      await make(window, named('first'))
      enter(window, 'kept=here; echo $((6 * 7))-answer')
      await sees(window, /^42-answer/m)
      press(window, 'C-]', 'd')
      await sees(window, /\[detached from .*\]\nseat>/)
      enter(window, 'clear; holdfast ls')
      await sees(window, new RegExp(`${named('first')} +running`))
      enter(window, `clear; holdfast attach ${named('fir')}`)
      await sees(window, /42-answer/)
      enter(window, 'echo still-$kept')
      await sees(window, /^still-here/m)
      enter(window, 'exit 7')
      await sees(window, /\[session ended: exit 7\]/)
      enter(window, 'echo code-$?')
      await sees(window, /^code-7/m)
    },
  )

  test(`${mode}: the status on demand, and a list to choose from`, LIMIT, async () => {
    const window = sit()
    await make(window, named('choice'))
    press(window, 'C-]', 's')
    await sees(window, new RegExp(`\\[\\S+ · ${named('choice')} · 90x24 · 1 here · .* ms away`))
    press(window, 'C-]', 'd')
    await sees(window, /\[detached/)
    enter(window, 'clear; holdfast attach')
    await sees(window, /Attach to which session\?/)
    type(window, named('choi'))
    await sees(window, new RegExp(`^> ${named('choi')}`, 'm'))
    press(window, 'Enter')
    await sees(window, /^in>/m)
    enter(window, 'exit')
    await sees(window, /\[session ended: exit 0\]/)
  })

  test(
    `${mode}: a command line that is killed leaves the session, and the next one finds it as it was`,
    LIMIT,
    async () => {
      const window = sit()
      await make(window, named('killed'))
      enter(window, 'mark=alive; echo set-$((6 * 7))')
      await sees(window, /^set-42/m) // or the keys might be killed, too
      const pane = tmux('display-message', '-p', '-t', `=${window}:`, '#{pane_pid}').trim()
      const children = execFileSync('pgrep', ['-P', pane], { encoding: 'utf8' }).trim().split('\n')
      for (const pid of children) process.kill(Number(pid), 'SIGKILL')
      await until('the shell is back', () => /Killed|seat>$/m.test(screen(window)))
      // Nobody put the terminal back in order: as people do then.
      press(window, 'C-j')
      enter(window, 'stty sane; clear')
      await until('the old screen is gone', () => !/^in>/m.test(screen(window)))
      enter(window, `holdfast attach ${named('killed')}`)
      await sees(window, /^in>/m)
      enter(window, 'echo $mark-after')
      await sees(window, /^alive-after/m)
      enter(window, 'exit')
      await sees(window, /\[session ended/)
    },
  )

  test(`${mode}: a window of 200 columns is the session's at once`, LIMIT, async () => {
    const window = sit()
    await make(window, named('wide'))
    tmux('resize-window', '-t', `=${window}:`, '-x', '200', '-y', '50')
    enter(window, 'until [ "$(stty size)" = "50 200" ]; do sleep 0.05; done; printf "%0195d|\\n" 7')
    await sees(window, /^0{194}7\|/m)
    enter(window, 'exit')
    await sees(window, /\[session ended/)
  })

  test(`${mode}: letters of all kinds go there and come back`, LIMIT, async () => {
    const window = sit()
    await make(window, named('letters'))
    enter(window, 'export LC_ALL=C.UTF-8')
    const text = 'héllo wörld — 漢字 🚀 👩‍💻 ñ'
    enter(window, `printf '%s|%s\\n' "${text}" end`)
    await sees(window, /^héllo wörld — 漢字 🚀 .*ñ\|end/m)
    enter(window, 'exit')
    await sees(window, /\[session ended/)
  })

  test(`${mode}: a paste of 1 MB arrives whole`, LIMIT, async () => {
    const window = sit()
    await make(window, named('paste'))
    const text = Array.from({ length: 25_000 }, (_, line) => `${String(line).padStart(8, '0')} ${'x'.repeat(30)}`).join(
      '\n',
    )
    const sum = createHash('sha256').update(text).digest('hex')
    const file = join(dir, 'paste')
    writeFileSync(file, text)
    enter(window, `stty raw -echo; echo ready; head -c ${text.length} | sha256sum; stty sane`)
    await sees(window, /^ready/m)
    tmux('load-buffer', '-b', 'big', file)
    tmux('paste-buffer', '-d', '-r', '-b', 'big', '-t', `=${window}:`)
    await sees(window, new RegExp(sum.slice(0, 60)))
    press(window, 'C-j')
    enter(window, 'exit')
    await sees(window, /\[session ended/)
  })

  test(`${mode}: a list and the agents are watched`, LIMIT, async () => {
    const [list, agents, hands] = [sit(), sit(), sit()]
    // First, since it says nothing of what was before it.
    enter(agents, `holdfast watch --exec 'echo hook-$HOLDFAST_NAME-$HOLDFAST_STATE'; echo code-$?`)
    enter(list, 'holdfast ls --watch; echo code-$?')
    await sees(list, /^ID +NAME/m)
    enter(
      hands,
      `holdfast new -d --name ${named('watched')} -- bash -c 'printf "name: "; read -r; printf "sure? [y/n] "; read -r'`,
    )
    await sees(list, new RegExp(`${named('watched')} +running`))
    await sees(agents, new RegExp(`hook-${named('watched')}-`))
    enter(hands, `holdfast send ${named('watched')} me`)
    await sees(agents, new RegExp(`hook-${named('watched')}-waiting`))
    await sees(list, new RegExp(`${named('watched')} +running +waiting`))
    enter(hands, `holdfast kill ${named('watched')}`)
    await until('it is gone from the list', () => !screen(list).includes(named('watched')))
    for (const window of [list, agents]) {
      press(window, 'C-c')
      await sees(window, /code-0$/m)
    }
  })

  test(`${mode}: run gives output and exit code as if the command ran here`, LIMIT, async () => {
    const window = sit()
    const file = join(dir, `${mode}-run`)
    enter(window, `holdfast run --rm -- sh -c 'seq 1 3; exit 5' > ${file}; echo code-$?`)
    await sees(window, /^code-5/m)
    assert.deepEqual(readFileSync(file, 'utf8').trim().split(/\r?\n/), ['1', '2', '3'])
    enter(window, "clear; holdfast run --rm -- sh -c 'echo it-runs; exec sleep 600'; echo code-$?")
    await sees(window, /^it-runs/m)
    press(window, 'C-c')
    await sees(window, /^code-130/m)
    enter(window, 'clear; holdfast run --rm --timeout 1 -- sleep 600; echo code-$?')
    await sees(window, /^code-124/m)
    enter(window, 'clear; holdfast ls --json | grep -c sleep')
    await sees(window, /^0$/m)
  })
}

describe('the command line in a real tmux', { skip }, () => {
  suite('distributed')
  suite('simple')

  test(
    'a gateway that is killed under an open attach: keys typed meanwhile arrive, the screen is whole',
    LIMIT,
    async () => {
      const window = 'gateway'
      const words = [`HOLDFAST_URL=${stack.url}`, `HOLDFAST_KEY=${stack.key}`, 'PS1=seat> '].flatMap((word) => [
        '-e',
        word,
      ])
      tmux('new-session', '-d', '-s', window, '-x', '90', '-y', '24', ...words, 'bash', '--norc', '--noprofile')
      enter(window, `${process.execPath} ${PROGRAM} new --name gateway --env PS1='in> ' -- bash --norc --noprofile`)
      await sees(window, /^in>/m)
      await stack.crash('gateway')
      enter(window, 'echo typed-$((40 + 2))')
      await sees(window, /^typed-42/m)
      await until('no trouble shows', () => !screen(window).includes('reconnecting'))
      press(window, 'C-]', 'd')
      await sees(window, /\[detached/)
    },
  )

  test('hybrid: a session moves to the cluster and back under its name and id', LIMIT, async () => {
    const window = sitAt('hybrid')
    const recipe = `--resume-command 'bash --norc'`
    const make = `holdfast new --mode simple --name mover --cwd / --env PS1='in> ' ${recipe}`
    enter(window, `${make} -- bash --norc --noprofile`)
    await sees(window, /^in>/m)
    enter(window, 'echo old-$((6 * 7))')
    await sees(window, /^old-42/m)
    press(window, 'C-]', 'd')
    await sees(window, /\[detached/)
    enter(window, 'clear; holdfast ls | grep mover')
    const [, id = ''] = await sees(window, /^(tmux-\S+) +mover +running/m)
    enter(window, 'clear; holdfast migrate mov --to cluster --cwd /no/where; echo code-$?')
    await sees(window, /it stays where it is: [\s\S]*\/no\/where/)
    await sees(window, /^code-1/m)
    enter(window, 'clear; holdfast migrate mov --to cluster; echo code-$?')
    await sees(window, /^mover is in the cluster, on node \S+; started with: bash --norc$/m)
    await sees(window, new RegExp(`^${id}\ncode-0`, 'm'))
    enter(window, `clear; holdfast attach ${id}`)
    await sees(window, /^old-42\n[\s\S]*── resumed .*\nin>/m)
    enter(window, 'pwd; echo new-$((6 * 7))')
    await sees(window, /^\/\nnew-42/m)
    press(window, 'C-]', 'd')
    await sees(window, /\[detached/)
    enter(window, 'clear; holdfast migrate mover --to local --json | grep runtime')
    await sees(window, /"runtime": "tmux"/)
    enter(window, 'clear; holdfast migrate mover --to local')
    await sees(window, /^mover is on this machine already$/m)
    enter(window, 'clear; holdfast attach mover')
    await sees(window, /^new-42\n[\s\S]*in>/m)
    enter(window, 'exit 3')
    await sees(window, /\[session ended: exit 3\]/)
    enter(window, 'clear; holdfast migrate mover --to cluster; echo code-$?')
    await sees(window, /there is nothing to move[\s\S]*code-1/)
    enter(window, 'clear; holdfast kill mover; holdfast ls | grep -c mover')
    await sees(window, new RegExp(`^${id}\n0$`, 'm'))
  })
})
