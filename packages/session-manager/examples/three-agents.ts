/** Runs three coding agents side by side, answers their questions, and shows what each has done. By changing one word it runs in a cluster. */
import { SessionManager } from '@holdfast/session-manager'

const manager = new SessionManager({ mode: 'simple' })
const agent = process.argv[2] ?? 'claude'
const tasks = ['fix the tests', 'write the docs', 'update the changelog']

const sessions = await Promise.all(
  tasks.map((task, n) => manager.create({ command: agent, args: [task], name: `agent ${n + 1}`, labels: { task } })),
)

await Promise.all(
  sessions.map(async (session) => {
    // A question stands at the end of a line; a wait that the command's end cuts short is not met.
    const question = { until: 'text', text: /\(y\/n\) *$/, timeoutMs: 3_600_000 } as const
    while ((await session.wait(question)).met) {
      await session.input('y\r')
      await session.wait({ until: 'idle' })
    }
  }),
)

for (const session of await manager.list()) {
  const { name, phase, exitCode } = session.info
  process.stdout.write(`${name}: ${phase} with ${exitCode}\n${await session.screen()}\n`)
  await session.kill()
}
