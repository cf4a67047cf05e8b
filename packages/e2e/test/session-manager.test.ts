/** The session manager on a cluster, and on tmux and a cluster together: the same promises as on tmux alone. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { localFirst, type Policy, SessionManager, type Side } from '@holdfast/session-manager'
import { managerConformance } from '@holdfast/session-manager/conformance'
import { whyNoTmux } from '@holdfast/session-manager/why-no-tmux'
import { type Stack, startStack } from './support/stack.ts'

const skip = whyNoTmux(process.env.CI === 'true')
const dir = mkdtempSync(join(tmpdir(), 'hfm-'))
const socket = join(dir, 'tmux')
let stack: Stack

before(async () => {
  stack = await startStack('process')
})
after(async () => {
  await stack.destroy()
  if (skip === false) execFileSync('tmux', ['-S', socket, 'start-server', ';', 'kill-server'])
  rmSync(dir, { recursive: true, force: true })
})

managerConformance('distributed', {
  make: () => new SessionManager({ mode: 'distributed', url: stack.url, key: stack.key }),
  skip: false,
})

const hybrid = (policy: Policy, more: { url?: string; onNotice?: (notice: string | null) => void } = {}) =>
  new SessionManager({
    mode: 'hybrid',
    url: stack.url,
    key: stack.key,
    socket,
    stateDir: join(dir, 'state'),
    policy,
    ...more,
  })

const SIDES: readonly Side[] = ['local', 'cluster']
let turn = 0
managerConformance('hybrid', { make: () => hybrid(() => SIDES[turn++ % 2] ?? 'local'), skip })

describe('tmux and a cluster together', { skip }, () => {
  const isLocal = ({ id }: { id: string }): boolean => id.startsWith('tmux-')
  const here: Policy = () => 'local'
  const there: Policy = () => 'cluster'
  /** Nobody listens there. */
  const away = 'http://127.0.0.1:9'

  test('sessions go here while there is room, then to the cluster; one list has both', async () => {
    const manager = hybrid(localFirst({ maxSessions: 1, maxLoad: 1000 }))
    const labels = { test: 'overflow' }
    const made = [await manager.create({ command: 'cat', labels }), await manager.create({ command: 'cat', labels })]
    assert.deepEqual(made.map(isLocal), [true, false])
    const listed = await manager.list({ labels })
    assert.deepEqual(new Set(listed.map(({ id }) => id)), new Set(made.map(({ id }) => id)))
    for (const session of made) await session.kill()
  })

  test('what only the cluster can give goes there, wherever there is room', async () => {
    const session = await hybrid(here).create({ command: 'cat', ttlSeconds: 600 })
    assert.equal(isLocal(session), false)
    await session.kill()
  })

  test('a repeated create stays on its side, whatever the policy says by then, and from many programs at once', async () => {
    for (const [first, then] of [
      [here, there],
      [there, here],
    ] as const) {
      const idempotencyKey = `key ${first === here} ${process.pid} ${Date.now()}`
      const session = await hybrid(first).create({ command: 'cat' }, { idempotencyKey })
      const again = await hybrid(then).create({ command: 'cat' }, { idempotencyKey })
      assert.equal(again.id, session.id)
      await session.kill()
    }
    const idempotencyKey = `race ${process.pid} ${Date.now()}`
    const racing = Array.from({ length: 8 }, (_, n) =>
      hybrid(n % 2 === 0 ? here : there).create({ command: 'cat' }, { idempotencyKey }),
    )
    const made = await Promise.all(racing)
    assert.equal(new Set(made.map(({ id }) => id)).size, 1)
    await made[0]?.kill()
  })

  test('a cluster that is away leaves the sessions of this machine, and says so once', async () => {
    const notices: (string | null)[] = []
    const manager = hybrid(here, { url: away, onNotice: (notice) => notices.push(notice) })
    const session = await manager.create({ command: 'cat' })
    assert.deepEqual(
      (await manager.list()).map(({ id }) => id),
      [session.id],
    )
    await manager.list()
    assert.equal(notices.length, 1)
    assert.match(notices[0] ?? '', /^the cluster does not answer .*only sessions of this machine/)
    await session.kill()
  })

  test('this machine full and the cluster away: a create fails, naming both', async () => {
    const manager = hybrid(localFirst({ maxSessions: 0 }), { url: away })
    await assert.rejects(manager.create({ command: 'cat' }), {
      code: 'RUNTIME_UNAVAILABLE',
      message: /^this machine is full \(0 sessions, .*and the cluster does not answer/,
    })
  })
})
