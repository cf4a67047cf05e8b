/** What is run of a built session host: the bundle, with the compiled code beside it (scripts/compile-host.ts), without which each start compiles anew. */
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { Script } = require('node:vm')

const filename = join(__dirname, 'host.cjs')

/** Made by another version of Node or V8, it is passed over. */
const compiledCode = () => {
  try {
    return readFileSync(join(__dirname, 'host.compiled'))
  } catch {
    return undefined
  }
}

const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(filename, 'utf8')}\n})`
const script = new Script(source, { filename, cachedData: compiledCode() })
module.exports = script
script.runInThisContext()({}, require, {}, filename, __dirname)
