/** The packages as they are packed, in a project of somebody else: types, and that they run in every Node they are for. */
import assert from 'node:assert/strict'
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { FakeHost } from '@holdfast/client/fake-host'
import { whyNoTmux } from '@holdfast/session-manager/why-no-tmux'

const root = join(import.meta.dirname, '../../..')
const isCi = process.env.CI === 'true'
const noTmux = whyNoTmux(isCi)

const whyNoRegistry = (): string | false => {
  // Where there has to be one, npm asks as often as it does by itself.
  const flags = isCi ? [] : ['--fetch-retries=0']
  const { status, stderr } = spawnSync('npm', ['view', ...flags, 'typebox', 'name'], { encoding: 'utf8' })
  if (status === 0) return false
  if (isCi) throw new Error(`no npm registry on CI: ${stderr}`)
  return 'no npm registry answers'
}

const project = mkdtempSync(join(tmpdir(), 'hf-packed-'))
const modules = join(project, 'node_modules')
const socket = join(project, 'tmux')

/** Node for this machine, as npm has it; installed as `nodeN`. */
const nodePackage = (major: string): string => `node${major}@npm:node-${process.platform}-${process.arch}@${major}`
/** Folders with a `node` in them. */
const NODES: Readonly<Record<string, string>> = {
  20: join(modules, 'node20/bin'),
  22: join(modules, 'node22/bin'),
  24: dirname(process.execPath),
}

/** As strict as a project can be, and checking our types, too. */
const STRICT = {
  ...{ module: 'nodenext', moduleResolution: 'nodenext', target: 'es2022', lib: ['es2022'], types: ['node'] },
  ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
}

const pack = (): string[] => {
  const out = join(project, 'packages')
  execFileSync(process.execPath, [join(root, 'scripts/pack.mjs'), '--out', out], { stdio: 'pipe' })
  return readdirSync(out).map((name) => join(out, name))
}

/** Programs of the root's, run in the project. */
const tool = (name: string, ...args: string[]) =>
  spawnSync(join(root, 'node_modules/.bin', name), args, { cwd: project, encoding: 'utf8' })

describe('packed packages', { skip: whyNoRegistry() }, () => {
  let compiled: ReturnType<typeof tool>

  before(() => {
    const packages = [...pack(), nodePackage('20'), nodePackage('22'), '@types/node@20']
    writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
    execFileSync('npm', ['install', '--no-audit', '--no-fund', ...packages], { cwd: project, stdio: 'pipe' })
    cpSync(join(import.meta.dirname, 'support/packed'), project, { recursive: true })
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: STRICT, include: ['*.ts'] }))
    // Stands where a checkout has its own.
    mkdirSync(join(project, 'scripts'))
    writeFileSync(join(project, 'scripts/start.mjs'), '')
    compiled = tool('tsc', '-p', '.')
  })
  after(() => {
    if (noTmux === false) execFileSync('tmux', ['-S', socket, 'start-server', ';', 'kill-server'])
    rmSync(project, { recursive: true, force: true })
  })

  test('a strict project type-checks', () => assert.equal(compiled.stdout, ''))

  test('nothing comes along but what the code needs', () => {
    const asked = ['@holdfast', '@types', 'node20', 'node22', 'undici-types']
    const theirs = ['@xterm', 'typebox', 'ws']
    const installed = readdirSync(modules).filter((name) => !name.startsWith('.'))
    assert.deepEqual(new Set(installed), new Set([...asked, ...theirs]))
  })

  test('in a browser the client takes its WebSocket, and of the protocol only what it uses', () => {
    const args = ['--bundle', '--platform=browser', '--format=esm', '--outfile=browser.js', '--metafile=meta.json']
    assert.equal(tool('esbuild', 'remote.js', ...args).status, 0)
    const { outputs } = JSON.parse(readFileSync(join(project, 'meta.json'), 'utf8'))
    const inputs = Object.keys(outputs['browser.js'].inputs)
    assert.ok(inputs.includes('node_modules/@holdfast/client/dist/browser-socket.js'))
    assert.deepEqual(
      inputs.filter((path) => /node_modules\/(ws|typebox)\//.test(path)),
      [],
    )
  })

  for (const [major, bin] of Object.entries(NODES)) {
    const node = join(bin, 'node')
    const { version } = JSON.parse(readFileSync(join(root, 'packages/cli/package.json'), 'utf8'))
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` }

    /** The command that npm has installed. */
    const holdfast = (...args: string[]) => {
      const away = { HOLDFAST_URL: 'http://127.0.0.1:9', HOLDFAST_KEY: 'key' }
      return spawnSync(join(modules, '.bin/holdfast'), args, { env: { ...env, ...away }, encoding: 'utf8' })
    }

    test(`Node ${major}: it is that one`, () => {
      assert.equal(
        execFileSync('node', ['-p', 'process.versions.node.split(".")[0]'], { env }).toString(),
        `${major}\n`,
      )
    })

    test(`Node ${major}: a session of tmux, from its making to its end`, { skip: noTmux }, () => {
      const seen = JSON.parse(execFileSync(node, ['local.js', socket], { cwd: project, encoding: 'utf8' }))
      const { screen, streamed, html, ...end } = seen
      assert.equal(screen, 'ready\na word\na word, heard\n')
      assert.ok(streamed.includes('a word, heard'))
      assert.match(html, /<span>a word, heard/)
      assert.deepEqual(end, { met: true, phase: 'exited', exitCode: 7, code: 'SESSION_NOT_FOUND' })
    })

    test(`Node ${major}: calls of a gateway and an attachment`, async () => {
      const host = await FakeHost.start()
      try {
        host.answers['GET /v1/usage'] = () => ({ status: 200, body: { tenant: 'somebody' } })
        host.record('hällo')
        const program = promisify(execFile)(node, ['remote.js', host.url, 'key'], { cwd: project })
        await Promise.race([program, host.until(() => host.typed.includes('bye'))])
        host.exit(3, null)
        assert.deepEqual(JSON.parse((await program).stdout), {
          unreachable: 'HOST_UNREACHABLE',
          tenant: 'somebody',
          end: { kind: 'ended', exitCode: 3, signal: null },
          output: 'hällo',
        })
        assert.equal(host.upgrades[0]?.headers.authorization, 'Bearer key')
      } finally {
        await host.stop()
      }
    })

    test(`Node ${major}: the command line`, () => {
      const told = holdfast('--version')
      assert.deepEqual([told.status, told.stdout], [0, `${version}\n`])
      const help = holdfast('help')
      assert.equal(help.status, 0)
      assert.match(help.stdout, /^usage: holdfast <command>/)
      const failed = holdfast('ls')
      assert.equal(failed.status, 1)
      assert.match(failed.stderr, /^holdfast: http:\/\/127\.0\.0\.1:9 does not answer\n {2}is Holdfast running\?/)
      const up = holdfast('up')
      assert.equal(up.status, 1)
      assert.match(up.stderr, /needs a checkout/)
    })
  }
})
