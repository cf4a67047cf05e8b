/** `npm start`: sets up what Holdfast needs and runs it until Ctrl-C. Sessions outlive it and are found again at the next start. */
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { dockerAnswers } from './docker.mjs'
import { readPid, writePid } from './pid-file.mjs'
import { makeSecrets } from './secrets.mjs'
import { packages, root } from './setup.mjs'

const USAGE = `npm start -- [options]

  --runtime docker|process  containers by docker compose, or plain processes (default: docker if an engine answers)
  --port N                  where the gateway listens on 127.0.0.1 (default 8080; 0: any free port)
  --data DIR                everything Holdfast keeps (default ~/.local/share/holdfast);
                            templates.yaml in it is yours to edit

HOLDFAST_AIRGAP=1: never pull an image; base images are built from Debian's and npm's packages.
Ctrl-C stops the services. Sessions go on, and the next start with the same --data finds them.`

const fail = (message) => {
  process.stderr.write(`holdfast: ${message}\n`)
  process.exit(2)
}

const readArguments = () => {
  const options = {
    runtime: { type: 'string' },
    port: { type: 'string' },
    data: { type: 'string' },
    help: { type: 'boolean' },
  }
  let values
  try {
    values = parseArgs({ options }).values
  } catch (error) {
    fail(`${error.message}\n\n${USAGE}`)
  }
  if (values.help) {
    process.stdout.write(`${USAGE}\n`)
    process.exit(0)
  }
  const port = Number(values.port ?? 8080)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) fail(`--port must be 0 to 65535, not "${values.port}"`)
  const runtime = values.runtime ?? (dockerAnswers() ? 'docker' : 'process')
  if (runtime !== 'docker' && runtime !== 'process') fail(`--runtime must be docker or process, not "${runtime}"`)
  const share = process.env.XDG_DATA_HOME ?? join(homedir(), '.local/share')
  return { runtime, port, data: resolve(values.data ?? join(share, 'holdfast')) }
}

/** The port asked for, or a free one for 0. */
const freePort = (port) =>
  new Promise((done, notFree) => {
    const probe = createServer().once('error', () =>
      notFree(new Error(`port ${port} of 127.0.0.1 is in use; choose another with --port (0: any free one)`)),
    )
    probe.listen(port, '127.0.0.1', () => {
      const found = probe.address().port
      probe.close(() => done(found))
    })
  })

const main = async () => {
  const { runtime, port, data } = readArguments()
  mkdirSync(data, { recursive: true, mode: 0o711 })
  const pidFile = join(data, 'start.pid')
  const other = readPid(pidFile)
  if (other !== undefined) fail(`it already runs with this data folder, as process ${other}`)
  writePid(pidFile, process.pid)
  await packages()
  const key = makeSecrets(join(data, 'secrets'))
  const templates = join(data, 'templates.yaml')
  if (!existsSync(templates)) copyFileSync(join(root, 'templates.yaml'), templates)
  const { start } = await import(runtime === 'docker' ? './start-docker.mjs' : './start-process.mjs')
  const services = await start({ data, port, freePort, mayPull: process.env.HOLDFAST_AIRGAP !== '1' })
  const url = `http://127.0.0.1:${services.port}`
  const client = join(data, 'client.json')
  writeFileSync(client, `${JSON.stringify({ url, key })}\n`, { mode: 0o600 })
  process.stdout.write(
    `\nHoldfast runs (${runtime}). Open the url and enter the key, or: HOLDFAST_CONFIG=${client} npx holdfast new\n`,
  )
  process.stdout.write(`url: ${url}\nkey: ${key}\n${services.hint}\nCtrl-C stops the services; sessions go on.\n`)
  let stopping = false
  const stop = async () => {
    if (stopping) return
    stopping = true
    process.stderr.write('\nstopping the services; sessions go on …\n')
    await services.stop()
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop)
  setInterval(() => {}, 1 << 30)
}

process.chdir(root)
main().catch((error) => {
  process.stderr.write(`holdfast: ${error.message}\n`)
  process.exit(1)
})
