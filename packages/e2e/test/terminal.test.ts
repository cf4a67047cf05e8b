/** What a person does: the CLI, the browser and wscat on a shell in a container. */
import assert from 'node:assert/strict'
import { spawn as spawnProcess } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type IPty, spawn } from 'node-pty'
import { browserIsMissing, launchBrowser, openConsole } from './support/browser.ts'
import { dockerIsMissing, type Stack, startStack, until } from './support/stack.ts'
import { view } from './support/viewer.ts'

const root = join(import.meta.dirname, '../../..')

describe('a shell in a container', { skip: dockerIsMissing }, () => {
  let stack: Stack
  before(async () => {
    stack = await startStack('docker')
  })
  after(() => stack.destroy())

  /** The CLI in a terminal of its own. */
  const cli = (
    ...args: string[]
  ): { pty: IPty; text: () => string; see: (pattern: RegExp) => Promise<RegExpExecArray>; exit: Promise<number> } => {
    const env = { ...process.env, HOLDFAST_URL: stack.url, HOLDFAST_KEY: stack.key }
    const pty = spawn(process.execPath, [join(root, 'packages/cli/bin/holdfast.mjs'), ...args], {
      cols: 100,
      rows: 30,
      env,
      cwd: root,
    })
    let output = ''
    pty.onData((data) => {
      output += data
    })
    const exit = new Promise<number>((done) => pty.onExit(({ exitCode }) => done(exitCode)))
    return {
      pty,
      text: () => output,
      see: (pattern) => until(`${pattern} in the CLI`, () => pattern.exec(output) ?? undefined),
      exit,
    }
  }

  test('the CLI types into bash, its window size follows, and its exit code is the session’s', async () => {
    const { pty, see, exit } = cli('new', '--name', 'mine')
    await see(/\$ /)
    pty.write('echo $((6 * 7))-answer\r')
    await see(/42-answer/)
    pty.resize(120, 40)
    pty.write('until [ "$(stty size)" = "40 120" ]; do sleep 0.05; done; echo size-$(stty size)\r')
    await see(/size-40 120/)
    pty.write('exit 3\r')
    assert.equal(await exit, 3)
  })

  test('a file goes into the container and out of it, as its user’s, and nowhere that this one may not write', async () => {
    const { id } = await stack.client.createSession({ command: 'bash', args: ['--norc'] })
    await stack.client.input(id, 'mkdir -p deep/er && cd deep/er && echo there-$((40 + 2))\r')
    await stack.client.wait(id, { until: 'text', text: 'there-42' })
    await stack.client.upload(id, 'notes', new TextEncoder().encode('from outside'))
    await stack.client.input(
      id,
      'stat -c "%U-owns-%n" notes; id -un; sed -i s/outside/inside/ notes; echo done-$((40 + 2))\r',
    )
    await stack.client.wait(id, { until: 'text', text: 'done-42' })
    const [, owner, user] = /(\w+)-owns-notes\n(\w+)\n/.exec(await stack.client.screen(id, 'text')) ?? []
    assert.ok(owner !== undefined && owner !== 'root')
    assert.equal(owner, user)
    const { body } = await stack.client.download(id, 'notes')
    assert.equal(await new Response(body).text(), 'from inside')
    for (const path of ['/etc/notes', '/usr/bin/notes'])
      await assert.rejects(stack.client.upload(id, path, new Uint8Array(1)), { code: 'FILE_DENIED' })
    for (const path of ['/proc/1/environ', '/proc/self/environ'])
      await assert.rejects(stack.client.download(id, path), { code: /FILE_DENIED|BAD_REQUEST/ })
  })

  test('the CLI detaches, lists, attaches again by name, shows the screen and kills', async () => {
    const first = cli('new', '--name', 'again')
    await first.see(/\$ /)
    first.pty.write('kept=here\r')
    await first.see(/kept=here/)
    first.pty.write('\x1dd')
    assert.equal(await first.exit, 0)
    const list = cli('ls')
    await list.see(/again/)
    assert.equal(await list.exit, 0)
    const second = cli('attach', 'again')
    second.pty.write('echo still-$kept\r')
    await second.see(/still-here/)
    second.pty.write('\x1dd')
    await second.exit
    const screen = cli('screen', 'again')
    await screen.see(/still-here/)
    await screen.exit
    assert.equal(await cli('kill', 'again').exit, 0)
    await until(
      'it is gone',
      async () => !(await stack.client.listSessions()).sessions.some(({ name }) => name === 'again'),
    )
  })

  test('a login shell of the image marks its prompt, completes at the first Tab and tells its commands', async () => {
    const { id } = await stack.client.createSession({})
    const { attachment, waitFor } = view(stack.client, id)
    await waitFor(/\]133;B/)
    attachment.write('git chec\t')
    await waitFor(/git checkout /)
    attachment.write('\x15true # typed\r')
    await until('the command is told', async () =>
      (await stack.client.getSession(id)).commands?.some(({ command }) => command === 'true # typed'),
    )
    attachment.detach()
  })

  test('who is attached is told that the node is drained, and that it stays', async () => {
    const { id, node } = await stack.client.createSession({ command: 'cat' })
    const { attachment, notices } = view(stack.client, id)
    await until('it is attached', async () => (await stack.client.getSession(id)).viewers === 1)
    await stack.client.drain(node ?? '')
    await until('it is told', () => /is to go \(node local is drained\)/.test(notices[0] ?? ''))
    await stack.client.uncordon(node ?? '')
    await until('it stays', () => /stays$/.test(notices[1] ?? ''))
    attachment.detach()
    await stack.client.deleteSession(id)
  })

  test('a browser types into bash and sees its echo', { skip: browserIsMissing }, async () => {
    const browser = await launchBrowser()
    try {
      const page = await openConsole(browser, stack)
      const session = await stack.client.createSession({ name: 'seen' })
      await page.getByText('seen').first().click()
      await page.locator('.xterm-helper-textarea').focus()
      await until('a prompt', async () => (await stack.client.screen(session.id, 'text')).includes('$'))
      await page.keyboard.type('echo $((11 * 11))-browser; stty size\n')
      const [, columns] = await until('the echo and the size', async () =>
        /^121-browser\n\d+ (\d+)$/m.exec(await stack.client.screen(session.id, 'text')),
      )
      const cols = Number(columns)
      assert.ok(cols > 80, `the terminal took the size of the page: ${cols} columns`)
      await page.keyboard.type('exit 5\n')
      await page
        .getByText(/exit(ed)?[^\d]*5|code 5/i)
        .first()
        .waitFor()
    } finally {
      await browser.close()
    }
  })

  test('wscat works against the raw mode as it is', async () => {
    const session = await stack.client.createSession({ command: 'bash', args: ['--norc'] })
    const wscat = join(root, 'node_modules/.bin/wscat')
    const url = `${stack.url.replace('http', 'ws')}/v1/sessions/${session.id}/attach`
    const child = spawnProcess(wscat, [
      '--no-color',
      '-H',
      `Authorization: Bearer ${stack.key}`,
      '-c',
      url,
      '-x',
      'echo raw-$((5 * 5))\n',
      '-w',
      '60',
    ])
    let output = ''
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString()
    })
    child.stderr.on('data', (data: Buffer) => {
      output += data.toString()
    })
    try {
      await until('raw-25', () => output.includes('raw-25'))
    } catch (error) {
      throw new Error(`wscat said: ${output}`, { cause: error })
    } finally {
      child.kill()
    }
  })
})
