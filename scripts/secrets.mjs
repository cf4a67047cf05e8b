/** Makes what a new installation needs to keep secret, once: master key, API key, and the keys file that holds only its hash. */
import { createHash, randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FILES = ['master.key', 'api.key', 'keys.json']

/** Fills `dir` with what is missing. Returns the API key. */
export const makeSecrets = (dir) => {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const [master, api, keys] = FILES.map((name) => join(dir, name))
  const once = (path, text) => existsSync(path) || writeFileSync(path, text, { mode: 0o600, flag: 'wx' })
  once(master, `${randomBytes(32).toString('hex')}\n`)
  once(api, `hf_${randomBytes(30).toString('base64url')}\n`)
  const key = readFileSync(api, 'utf8').trim()
  const hash = createHash('sha256').update(key).digest('hex')
  once(
    keys,
    `${JSON.stringify([{ id: 'first', hash, principal: 'admin', tenant: 'default', role: 'operator' }], null, 2)}\n`,
  )
  return key
}

// As a command: `secrets.mjs DIR UID` also gives the files to the user that the services run as.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [dir, uid] = process.argv.slice(2)
  console.log(`key: ${makeSecrets(dir)}`)
  for (const path of [dir, ...FILES.map((name) => join(dir, name))]) chownSync(path, Number(uid), Number(uid))
}
