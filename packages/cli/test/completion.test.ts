/** Completion scripts, run by the shells that are there. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { FakeHost, session } from '@holdfast/client/fake-host'
import { NAMED } from '../src/commands.ts'
import { holdfast } from './harness.ts'

let dir: string
let host: FakeHost
before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'holdfast-completion-'))
  host = await FakeHost.start()
  const sessions = [session({ name: 'build it' }), session({ id: 'local-0000000000000b', name: 'b2', phase: 'exited' })]
  host.answers['GET /v1/sessions'] = () => ({ status: 200, body: { sessions } })
})
after(async () => {
  await host.stop()
  rmSync(dir, { recursive: true })
})
const env = () => ({ HOLDFAST_URL: host.url, HOLDFAST_KEY: 'hf_test' })

test('names are those of live sessions, and their ids', async () => {
  const { out } = await holdfast(['completion', 'names'], env())
  assert.equal(out, 'build it\nlocal-00000000000001\n')
})

test('bash completes commands, words of groups, flags, and names with blanks', async () => {
  const script = join(dir, 'bash')
  writeFileSync(script, (await holdfast(['completion', 'bash'])).out)
  const names = (await holdfast(['completion', 'names'], env())).out
  writeFileSync(join(dir, 'names'), names)
  const complete = (...words: string[]): string[] => {
    const program = `holdfast() { cat ${join(dir, 'names')}; }; source ${script}
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _holdfast; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', program, 'bash', ...words], { encoding: 'utf8' })
    assert.equal(stderr, '')
    return stdout.split('\n').filter((line) => line !== '')
  }
  assert.deepEqual(complete('holdfast', 'at'), ['attach'])
  assert.deepEqual(complete('holdfast', 'admin', 'cor'), ['cordon'])
  assert.deepEqual(complete('holdfast', 'context', 'u'), ['use'])
  assert.deepEqual(complete('holdfast', 'attach', '--read'), ['--read-only'])
  assert.deepEqual(complete('holdfast', 'admin', 'nodes', '--j'), ['--json'])
  assert.deepEqual(complete('holdfast', 'attach', 'bui'), ['build\\ it'])
  assert.deepEqual(complete('holdfast', 'send', ''), ['build\\ it', 'local-00000000000001'])
  assert.deepEqual(complete('holdfast', 'ls', 'bui'), [])
})

test('the scripts for zsh and fish know every command', async () => {
  const [zsh, fish] = [await holdfast(['completion', 'zsh']), await holdfast(['completion', 'fish'])]
  assert.match(zsh.out, /^autoload -U \+X bashcompinit/)
  for (const { name } of NAMED) {
    const words = name.split(' ')
    assert.ok(zsh.out.includes(words[0] ?? ''), name)
    assert.ok(fish.out.includes(words.at(-1) ?? ''), name)
  }
  for (const shell of ['zsh', 'fish'] as const) {
    const { error } = spawnSync(shell, ['--version'])
    const [text, flag] = shell === 'zsh' ? [zsh.out, '-n'] : [fish.out, '--no-execute']
    writeFileSync(join(dir, shell), text)
    if (error === undefined) assert.equal(spawnSync(shell, [flag, join(dir, shell)]).status, 0, shell)
  }
  assert.equal((await holdfast(['completion', 'tcsh'])).exitCode, 2)
})
