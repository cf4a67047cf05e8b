/** A plugin for the bundle of a session host: checks.ts as plain functions, which load TypeBox from a file beside them when something is wrong. */
import { dirname } from 'node:path'
import { Build } from 'typebox/schema'
import { SCHEMAS } from '../services/session/src/schemas.ts'

/** An expression: TypeBox's own code for one schema, with the regular expressions that it refers to. */
const compiled = (schema) => {
  const build = Build({}, schema)
  const { identifier, variables } = build.External()
  const constants = `const ${identifier} = [${variables.join(', ')}]`
  return `(() => { ${[constants, ...build.Functions()].join('; ')}; return (value) => ${build.Entry()} })()`
}

const checks = Object.entries(SCHEMAS).map(([name, schema]) => `'${name}': ${compiled(schema)}`)

/** `checks.cjs` is checks.ts itself, bundled. */
const contents = `
  import { createRequire } from 'node:module'
  import { Guard } from 'typebox/guard'
  const checks = { ${checks.join(',\n')} }
  export const known = (name) => Object.hasOwn(checks, name)
  export const fits = (name, value) => checks[name](value)
  export const fault = (name, value) => createRequire(import.meta.url)('./checks.cjs').fault(name, value)
`

const refuseTypebox = ({ metafile, errors }) => {
  if (errors.length > 0) return undefined
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs))
  const found = inputs.find((path) => /node_modules\/typebox\/build\/(?!guard\/)/.test(path))
  return found && { errors: [{ text: `${found} is in the bundle: only checks.ts may use TypeBox and schemas` }] }
}

export const compiledChecks = {
  name: 'compiled-checks',
  setup(build) {
    build.initialOptions.metafile = true
    build.onLoad({ filter: /services\/session\/src\/checks\.ts$/ }, ({ path }) => ({
      contents,
      resolveDir: dirname(path),
    }))
    build.onEnd(refuseTypebox)
  },
}
