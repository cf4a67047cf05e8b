/** Who may type is told how the kernel treats what is typed, so that a client knows when nothing may be shown. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HostMessage } from '@holdfast/protocol'
import { claimOf, eventually, shell, startHost, type View } from './harness.ts'

type Tty = Extract<HostMessage, { type: 'tty' }>
const COOKED = { type: 'tty', echo: true, canonical: true } as const
const RAW = { type: 'tty', echo: false, canonical: false } as const
const PASSWORD = { type: 'tty', echo: false, canonical: true } as const

const told = async (view: View, modes: Tty): Promise<void> => {
  const is = () => JSON.stringify(view.find('tty')) === JSON.stringify(modes)
  await eventually(() => `${JSON.stringify(modes)}; got ${JSON.stringify(view.find('tty'))}, ${view.text}`, is)
}

test('the modes are told after attached, and at each change with the output or the input beside it', async (t) => {
  const host = await startHost(t)
  await host.claim(
    shell(
      'echo ready; read a; stty -echo; printf "Password: "; read b; stty echo raw; echo raw; head -c 1; stty sane -echo; read c',
    ),
  )
  const view = (await host.view()).attach()
  await view.shows('ready')
  await told(view, COOKED)
  assert.deepEqual(
    view.messages.slice(0, 2).map(({ type }) => type),
    ['attached', 'tty'],
  )
  view.type('a\n')
  await view.shows('Password: ')
  await told(view, PASSWORD)
  view.type('secret\n')
  await view.shows('raw')
  await told(view, { type: 'tty', echo: true, canonical: false })
  view.type('x')
  // Nothing is written any more: whatever is typed then shows that it has changed.
  await eventually('news of a silent change', () => {
    view.type('c')
    return JSON.stringify(view.find('tty')) === JSON.stringify(PASSWORD)
  })
  assert.doesNotMatch(view.text, /secret/)
})

test('a shell that edits its line itself is told as raw; who only looks, and raw views, hear nothing of it', async (t) => {
  const host = await startHost(t)
  await host.claim(claimOf('bash', ['--norc', '-i'], { env: { PS1: '> ' } }))
  const view = (await host.view()).attach()
  const looking = (await host.view({ mode: 'ro' })).attach({ client: 'c2' })
  await view.shows('> ')
  await told(view, RAW)
  view.type('echo run; cat\n') // the change itself is silent: only what is written after it must bring the news
  await told(view, COOKED)
  view.type('text\n')
  await looking.shows('text\r\ntext')
  view.type('\x04')
  await told(view, RAW)
  const again = (await host.view()).attach({ client: 'c3' })
  await told(again, RAW)
  assert.equal(looking.find('tty'), undefined)
})
