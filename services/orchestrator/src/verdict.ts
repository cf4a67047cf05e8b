/** What becomes of one host, and why: judged from labels, record and the host's own word; nothing is changed here. */
import { hasEnded, type ReapReason } from '@holdfast/protocol'
import type { SessionRecord } from '@holdfast/session-store'
import { examine, type Finding, type Found } from './adoption.ts'
import { UNKNOWN_HOST_AGE_MS } from './deadlines.ts'
import { seen, seenHost } from './deaths.ts'
import type { Domain } from './domain.ts'

export type Verdict =
  | { action: 'keep' }
  | { action: 'adopt'; finding: Extract<Finding, { word: 'claimed' }> }
  | { action: 'remove'; why: ReapReason; evidence: string[]; needsWord: boolean }

const KEEP: Verdict = { action: 'keep' }

const seenRecord = ({ id, phase, fence, hostId, node }: SessionRecord): string =>
  seen(`the record of ${id}: ${phase}, fence ${fence}, host ${hostId ?? 'none'} on ${node ?? 'no node'}`)

const seenFinding = ({ info }: Found, finding: Finding): string => {
  if (finding.word === 'silent') return seen(`${info.hostId} does not answer`)
  if (finding.word === 'unclaimed') return seen(`${info.hostId} holds no session`)
  return seen(`${info.hostId} holds a session that ${finding.live ? 'runs' : 'has ended'}`)
}

/** May there be a live session in it? What does not answer may. */
const mayLive = (finding: Finding): boolean => finding.word === 'silent' || (finding.word === 'claimed' && finding.live)

/** One that the record's placement does not speak of: removed by itself only when nothing can live in it. */
const surplus = async (domain: Domain, found: Found, record: SessionRecord): Promise<Verdict> => {
  const finding = await examine(domain, found)
  const info = await found.runtime.inspect(found.info.hostId)
  if (info === null) return KEEP // it went while we looked
  const evidence = [seenRecord(record), seenHost(info.node, info), seenFinding(found, finding)]
  return { action: 'remove', why: hasEnded(record.phase) ? 'ended' : 'double', evidence, needsWord: mayLive(finding) }
}

/** A host whose session the index does not know, or knows an older placement of: the index may be empty, or an old copy. */
const unknown = async (domain: Domain, found: Found): Promise<Verdict> => {
  const finding = await examine(domain, found)
  if (finding.word === 'claimed') return { action: 'adopt', finding }
  const old = Date.now() - Date.parse(found.info.createdAt) > UNKNOWN_HOST_AGE_MS
  if (finding.word === 'silent' || !old) return KEEP
  const evidence = [
    seen(`no record of ${found.identity.session} at fence ${found.identity.fence}`),
    seenHost(found.info.node, found.info),
    seenFinding(found, finding),
    `${found.info.createdAt} it was made`,
  ]
  return { action: 'remove', why: 'unknown', evidence, needsWord: false }
}

/** The next host of a session that is to run again, made ahead of its placement to take the files. */
const isNextHost = ({ info, identity }: Found, { phase, suspend, fence }: SessionRecord): boolean =>
  info.state === 'created' &&
  identity.fence === fence + 1 &&
  (phase === 'pending' || (phase === 'suspended' && suspend === null))

export const judge = async (domain: Domain, found: Found, record: SessionRecord | undefined): Promise<Verdict> => {
  const { info, identity } = found
  if (record !== undefined && isNextHost(found, record)) return KEEP
  if (record === undefined || record.fence < identity.fence) return unknown(domain, found)
  // A session that moves has its files and its note where it was until it runs where it goes.
  if (record.hostId === info.hostId && (record.node === info.node || record.phase === 'pending')) return KEEP
  if (record.fence === identity.fence) return surplus(domain, found, record)
  const evidence = [seenRecord(record), seen(`${info.hostId} is of fence ${identity.fence}`), seenHost(info.node, info)]
  return { action: 'remove', why: 'stale', evidence, needsWord: false }
}
