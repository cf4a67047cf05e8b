/** Sessions put aside and woken by whoever attaches, on real containers: what is kept, what is shown, and who wakes them. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ERRORS, type Session } from '@holdfast/protocol'
import { browserIsMissing, launchBrowser, openConsole } from './support/browser.ts'
import { command, dockerIsMissing, type Stack, startStack, until } from './support/stack.ts'
import { type Viewer, view } from './support/viewer.ts'

const SENT_AWAY = ERRORS.SESSION_SUSPENDED.ws
const SHELL = { command: 'bash', args: ['--norc'], env: { PS1: '$ ', HISTFILE: '/dev/null' } }
/** Counts 20 times a second in the background of a shell. */
const COUNT = 'n=0; while :; do echo $((n += 1)) >/tmp/n; sleep 0.05; done &'

describe('suspended and frozen sessions', { skip: dockerIsMissing }, () => {
  let stack: Stack
  before(async () => {
    stack = await startStack('docker')
  })
  after(() => stack.destroy())

  /** State and name of each container that the session has. */
  const containers = async ({ id }: Session): Promise<string[]> => {
    const filter = `label=dev.holdfast.session=${id}`
    const format = '{{.State}} {{.Names}}'
    return (await command('docker', 'ps', '-a', '--filter', filter, '--format', format)).trim().split('\n')
  }
  /** For good: a client that connects again would wake what was just suspended. */
  const isSentAway = async ({ states }: Viewer) => {
    const end = await until('the viewer is sent away', () => states.find(({ kind }) => kind === 'closed'))
    assert.equal(end.kind === 'closed' && end.code, SENT_AWAY)
  }
  const phase = async ({ id }: Session) => (await stack.client.getSession(id)).phase

  test('a suspended session keeps files and screen, and wakes for who attaches, the old screen above the new shell', async () => {
    const session = await stack.client.createSession(SHELL)
    const first = view(stack.client, session.id)
    first.attachment.write('echo kept >/home/dev/file; gone=lost; echo before-$((40 + 2))\n')
    await first.waitFor(/before-42/)

    const suspended = await stack.client.suspendSession(session.id)
    assert.equal(suspended.phase, 'suspended')
    await isSentAway(first)
    const put = `exited hf-${stack.cluster}-${session.id}-1`
    await until('its container has ended, and is kept', async () => String(await containers(session)) === put)
    assert.match(await stack.client.screen(session.id, 'text'), /before-42/, 'shown without waking it')
    assert.equal(await phase(session), 'suspended')

    const second = view(stack.client, session.id)
    second.attachment.write('echo "file: $(cat /home/dev/file), variable: $gone."\n')
    await second.waitFor(/file: kept, variable: \./)
    assert.match(second.text(), /before-42[\s\S]*resumed [\s\S]*the command was started anew[\s\S]*file: kept/)
    assert.equal(second.text().match(/started anew/g)?.length, 1)
    assert.equal(second.snapshots(), 0, 'the old screen is output like any other')
    await until('only the new container is left', async () => {
      const [only, ...others] = await containers(session)
      return only === `running hf-${stack.cluster}-${session.id}-2` && others.length === 0
    })
    second.attachment.detach()
    await stack.client.deleteSession(session.id)
    const volumes = () => command('docker', 'volume', 'ls', '-q', '--filter', `name=hf-${stack.cluster}-`)
    await until('the workspace is gone with the session', async () => (await volumes()) === '')
  })

  test('a frozen session stands still, sends its viewers away, and goes on where it was for who attaches', async () => {
    const session = await stack.client.createSession(SHELL)
    const first = view(stack.client, session.id)
    first.attachment.write(`${COUNT} kept=remembered; echo started-$((40 + 2))\n`)
    await first.waitFor(/started-42/)
    const [name = ''] = (await containers(session)).map((line) => line.split(' ')[1])
    const counted = async () => Number(await command('docker', 'exec', name, 'cat', '/tmp/n'))
    await until('it counts', async () => (await counted().catch(() => 0)) > 3) // the file may not be there yet

    const frozen = await stack.client.suspendSession(session.id, { freeze: true })
    assert.deepEqual([frozen.phase, frozen.conditions.map(({ type }) => type)], ['suspended', ['Frozen']])
    await isSentAway(first)
    assert.deepEqual(await containers(session), [`paused ${name}`])
    assert.match(await stack.client.screen(session.id, 'text'), /started-42/, 'shown without waking it')
    assert.equal(await phase(session), 'suspended')

    const second = view(stack.client, session.id)
    second.attachment.write('kill -0 $! && echo "variable: $kept."\n')
    await second.waitFor(/variable: remembered\./)
    assert.match(second.text(), /started-42[\s\S]*variable: remembered/)
    assert.doesNotMatch(second.text(), /started anew/)
    assert.deepEqual(await containers(session), [`running ${name}`])
    const now = await counted()
    await until('it counts on', async () => (await counted()) > now)
    second.attachment.detach()
  })

  test('a browser shows the old screen of a suspended session at once, and then wakes it', {
    skip: browserIsMissing,
  }, async () => {
    const session = await stack.client.createSession({ ...SHELL, name: 'asleep' })
    const viewer = view(stack.client, session.id)
    viewer.attachment.write('echo old-$((40 + 2))\n')
    await viewer.waitFor(/old-42/)
    await stack.client.suspendSession(session.id)
    const browser = await launchBrowser()
    try {
      const page = await openConsole(browser, stack)
      const attach = Promise.withResolvers<void>()
      await page.route('**/tickets', (route) => attach.promise.then(() => route.continue()))
      await page.getByRole('link', { name: 'asleep' }).click()
      const rows = page.locator('.xterm-rows')
      await rows.filter({ hasText: 'old-42' }).waitFor()
      assert.equal(await phase(session), 'suspended', 'the screen is there before the session')
      attach.resolve()
      await rows.filter({ hasText: /old-42.*the command was started anew/ }).waitFor()
      await page.keyboard.type('echo new-$((50 + 5))\n')
      await rows.filter({ hasText: /old-42.*started anew.*new-55/ }).waitFor()
      assert.equal(await phase(session), 'running')
    } finally {
      await browser.close()
    }
  })
})
