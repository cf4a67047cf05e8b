/** The nodes file, and what must hold for every node besides its schema. */
import { readFileSync } from 'node:fs'
import { BlockList, isIP, isIPv6 } from 'node:net'
import { HoldfastError, type NodeSpec, nodeSpecSchema } from '@holdfast/protocol'
import { checker } from './explain.ts'
import { faultyFile, listIn, namedTwice, parseFile } from './operator-file.ts'

const check = checker(nodeSpecSchema)

/** RFC 1918, 4193 and 6598, and the machine itself: what passes through a door is not encrypted. */
const PRIVATE = new BlockList()
for (const [address, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
] as const) {
  PRIVATE.addSubnet(address, bits, 'ipv4')
}
PRIVATE.addSubnet('fc00::', 7, 'ipv6')

const isPrivate = (door: string): boolean => {
  const address = door.slice(0, door.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1')
  return isIP(address) !== 0 && PRIVATE.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

const doorFaults = ({ engine, door }: NodeSpec): string[] => {
  if (engine?.kubernetes !== undefined)
    return door === undefined ? [] : ['door: pods of a cluster are reached without one']
  const isFar = engine?.tls !== undefined || engine?.ssh !== undefined
  if (door === undefined) return isFar ? ['door: an engine behind tls or ssh needs one, such as 10.0.0.7:7070'] : []
  if (engine === undefined) return ['door: this machine needs none']
  return isPrivate(door) ? [] : ['door: must be a private address, for what passes through it is not encrypted']
}

/** Everything that is wrong with a node, as sentences. */
export const nodeFaults = (node: unknown): string[] => {
  const wrong = check(node)
  return wrong.length > 0 ? wrong : doorFaults(node as NodeSpec)
}

/** An empty file names none. Throws BAD_REQUEST with everything that is wrong. */
export const parseNodes = (text: string, path: string): NodeSpec[] => {
  const found = listIn(parseFile(text, path) ?? [], 'nodes')
  if (found === null) throw new HoldfastError('BAD_REQUEST', `${path}: a list of nodes is expected`)
  const wrong = found.flatMap((entry, index) => nodeFaults(entry).map((fault) => `node ${index + 1}: ${fault}`))
  const nodes = found as NodeSpec[]
  const ids = nodes.map((node) => node?.id)
  wrong.push(...namedTwice('nodes', ids))
  if (nodes.filter((node) => node?.engine === undefined).length > 1)
    wrong.push('only one node may be without an engine')
  if (wrong.length > 0) throw faultyFile(path, wrong)
  return nodes
}

/** Without a file, or with an empty one, there is this machine. */
export const readNodes = (path: string): NodeSpec[] => {
  const nodes = path === '' ? [] : parseNodes(readFileSync(path, 'utf8'), path)
  return nodes.length > 0 ? nodes : [{ id: 'local' }]
}
