/** A program of somebody else: `remote.js URL KEY` attaches to session `one` there, types, and prints what it saw as JSON. */
import { type AttachOptions, HoldfastClient } from '@holdfast/client'
import { HoldfastError, type Usage } from '@holdfast/protocol'

const [url = '', key = ''] = process.argv.slice(2)
const away = new HoldfastClient({ url: 'http://127.0.0.1:9' })
const failure = await away.usage().catch((error: unknown) => error)
const unreachable = failure instanceof HoldfastError ? failure.code : String(failure)

const decoder = new TextDecoder()
let output = ''
const options: AttachOptions = {
  onOutput(bytes, parsed) {
    output += decoder.decode(bytes, { stream: true })
    parsed()
  },
}
const client = new HoldfastClient({ url, key })
const { tenant }: Usage = await client.usage()
const attachment = client.attach('one', options)
attachment.write('bye')
process.stdout.write(JSON.stringify({ unreachable, tenant, end: await attachment.ended, output }))

// @ts-expect-error: types that are not found would allow anything
export const wrong: Usage = { tenant: 1 }
