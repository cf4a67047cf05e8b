/** Sessions outlive every restart of the services, and the next start finds them. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { command, dockerIsMissing, type Stack, startStack, until } from './support/stack.ts'
import { view } from './support/viewer.ts'

for (const { runtime, skip } of [
  { runtime: 'docker', skip: dockerIsMissing },
  { runtime: 'process', skip: false },
] as const) {
  describe(`${runtime}: restarts`, { skip }, () => {
    let stack: Stack
    let id: string
    before(async () => {
      stack = await startStack(runtime)
      const session = await stack.client.createSession({
        command: 'bash',
        args: ['--norc'],
        env: { PS1: '$ ' },
        name: 'kept',
        labels: { kind: 'test' },
      })
      id = session.id
      const viewer = view(stack.client, id)
      viewer.attachment.write('secret=remembered\n')
      await viewer.waitFor(/remembered\r\n/)
      viewer.attachment.detach()
    })
    after(() => stack.destroy())

    /** The shell is the same one: it still has the variable that was set before. */
    const isStillThere = async () => {
      await until('the session is listed as running', async () => {
        const page = await stack.client.listSessions().catch(() => undefined)
        return page?.sessions.some((session) => session.id === id && session.phase === 'running')
      })
      const viewer = view(stack.client, id)
      const nonce = Math.random().toString(36).slice(2)
      viewer.attachment.write(`echo ${nonce}-$secret\n`)
      await viewer.waitFor(new RegExp(`${nonce}-remembered`))
      viewer.attachment.detach()
      // Not every connection to Redis is back as soon as one is.
      const session = await until('it is told', () => stack.client.getSession(id).catch(() => undefined))
      assert.equal(session.name, 'kept')
      assert.deepEqual(session.labels, { kind: 'test' })
    }

    test('npm start after Ctrl-C finds its sessions', async () => {
      await stack.interrupt()
      await assert.rejects(stack.client.listSessions())
      await stack.again()
      await isStillThere()
    })

    if (runtime === 'docker') {
      for (const service of ['gateway', 'orchestrator', 'redis']) {
        test(`docker compose restart ${service}`, async () => {
          await stack.compose('restart', service)
          await isStillThere()
        })
      }
      test('an emptied Redis is rebuilt from the containers', async () => {
        await stack.compose('exec', '-T', 'redis', 'redis-cli', 'flushall')
        await until(
          'the session is adopted',
          () =>
            stack.client.getSession(id).then(
              () => true,
              () => false,
            ),
          90_000,
        )
        await isStillThere()
      })
    } else {
      test('a second start with the same data folder is refused', async () => {
        const start = join(import.meta.dirname, '../../../scripts/start.mjs')
        const second = command(process.execPath, start, '--runtime', runtime, '--port', '0', '--data', stack.data)
        await assert.rejects(second, { code: 2, stderr: /already runs with this data folder/ })
        await isStillThere()
      })
      for (const service of ['gateway', 'orchestrator', 'redis'] as const) {
        test(`${service} is killed and comes back`, async () => {
          await stack.crash(service)
          await isStillThere()
        })
      }
    }
  })
}
