/** Runs jobs on this machine as long as it has room for them, the others in the cluster, and says where each one ran. */
import { type ManagedSession, SessionManager } from '@holdfast/session-manager'

const { HOLDFAST_URL: url = 'http://127.0.0.1:8080', HOLDFAST_KEY: key = '' } = process.env
const [room = '4', ...jobs] = process.argv.slice(2)

const manager = new SessionManager({
  mode: 'hybrid',
  url,
  key,
  policy: ({ sessions }) => (sessions < Number(room) ? 'local' : 'cluster'),
  onNotice: (notice) => process.stderr.write(`${notice ?? 'the cluster answers again'}\n`),
})

const made: ManagedSession[] = []
for (const job of jobs) made.push(await manager.create({ command: 'sh', args: ['-c', job], labels: { job } }))

for (const session of made) {
  const { exitCode } = await session.wait({ until: 'exit', timeoutMs: 86_400_000 })
  const { labels, runtime } = session.info
  process.stdout.write(`${labels.job}: ${runtime === 'tmux' ? 'here' : 'in the cluster'}, ${exitCode}\n`)
  process.stdout.write(await session.screen())
  await session.kill()
}
