/** Sessions as a team has them on a working day, for the pictures: real shells and programs. */
import type { HoldfastClient } from '@holdfast/client'
import type { CreateSession, Session } from '@holdfast/protocol'

/** Marks prompt and commands as docs/shell-integration.md has it, by variables alone. */
const MARKED_SHELL = {
  PS0: '\\[\\e]133;C\\a\\]',
  PS1: '\\[\\e]133;A\\a\\]\\[\\e[1;32m\\]ada@holdfast\\[\\e[0m\\]:\\[\\e[1;34m\\]\\w\\[\\e[0m\\]$ \\[\\e]133;B\\a\\]',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: for bash
  PROMPT_COMMAND: 'printf "\\e]133;D;%s\\a\\e]7;file://%s%s\\a\\e]2;bash: %s\\a" "$?" "$HOSTNAME" "$PWD" "${PWD##*/}"',
}

const shell = (fields: CreateSession): CreateSession => ({
  command: 'bash',
  args: ['--norc', '--noprofile'],
  env: MARKED_SHELL,
  ...fields,
})
const script = (text: string, fields: CreateSession): CreateSession => ({
  command: 'bash',
  args: ['-c', text],
  ...fields,
})

const LOG = `for i in 1 2 3 4 5 6 7 8 9; do printf '\\e[2m10:0%s:12\\e[0m \\e[32mINFO\\e[0m  GET /v1/items/%s 200 in %s ms\\n' $i $i $((i * 3)); done
printf '\\e[2m10:09:40\\e[0m \\e[33mWARN\\e[0m  slow query: 812 ms\\n'; exec sleep 1000`
const QUESTION = `printf 'I will change 3 files:\\n  src/order.ts  +42 -7\\n  src/cart.ts   +3 -1\\n  test/order.test.ts  +61\\n\\n'
read -p 'Apply these changes? [y/N] '`

const SESSIONS: readonly CreateSession[] = [
  shell({ name: 'checkout-service', labels: { team: 'shop', env: 'dev' } }),
  script(QUESTION, { name: 'agent: order totals', labels: { team: 'shop', agent: 'yes' } }),
  script(LOG, { name: 'api logs', labels: { team: 'platform', env: 'staging' } }),
  script('exec top -d 5', { name: 'top on build-3', labels: { team: 'platform' } }),
  script('echo "FAIL src/cart.test.ts"; exit 2', { name: 'nightly tests', labels: { team: 'shop', env: 'ci' } }),
  script('echo ok', { name: 'migrate database', labels: { team: 'platform', env: 'ci' } }),
  shell({ name: 'scratch' }),
  { name: 'load test', command: 'no-such-program', labels: { team: 'platform' } },
]

/** What was typed in the first of them: commands that work and one that fails. */
const TYPED = ['cd /usr/share/common-licenses && ls', 'grep -c "" GPL-3 Apache-2.0', 'ls /no/such/place', 'head -3 BSD']

export const fill = async (client: HoldfastClient): Promise<Session[]> => {
  const made: Session[] = []
  for (const body of SESSIONS) {
    const session = await client.createSession({ cols: 120, rows: 34, ...body }).catch(() => null)
    if (session) made.push(session)
  }
  const [first] = made
  if (first === undefined) throw new Error('no session was made')
  for (const line of TYPED) {
    await client.wait(first.id, { until: 'prompt', timeoutMs: 10_000 })
    await client.input(first.id, `${line}\r`)
  }
  await client.wait(first.id, { until: 'prompt', timeoutMs: 10_000 })
  return made
}
