/** Sessions in pods, from the request to the first output at the client: cold beside a bare pod of the same image, and from a warm pool. */
import { hasImage } from '../docker.ts'
import type { Report, Row } from '../report.ts'
import { HOLDFAST, numberOf, ratiosOf, type Scenario, skippedRow } from '../scenario.ts'
import { rowOf, startSession, warmStarts } from '../start.ts'
import { percentile } from '../stats.ts'
import type { Undo } from '../undo.ts'
import { type BareStart, startBarePod } from './bare-pod.ts'
import { buildStand, IMAGE, type Stand } from './stand.ts'

const RUNS = 20
const BARE = 'bare pod'

const whyNot = (): string | null => {
  if ((process.env.HOLDFAST_KUBECONFIG ?? '') === '') return 'HOLDFAST_KUBECONFIG names no cluster'
  return hasImage(IMAGE) ? null : `no Docker engine, or no image ${IMAGE}`
}

/** In turns. */
const coldStarts = async ({ installation, proxy, namespace }: Stand, undo: Undo): Promise<Row[]> => {
  const ours: number[] = []
  const bare: BareStart[] = []
  for (let run = 0; run < RUNS; run++) {
    ours.push(await startSession(installation, undo))
    bare.push(await startBarePod(proxy, namespace, IMAGE, `bare-${run}`))
  }
  const running = bare.map(({ runningMs }) => runningMs)
  const outputs = bare.map(({ outputMs }) => outputMs)
  return [
    rowOf(HOLDFAST, ours, undefined),
    { ...rowOf(BARE, outputs, undefined), runningP50Ms: percentile(running, 50) },
  ]
}

export const pods: Scenario = async ({ undo, say }): Promise<Report> => {
  const reason = whyNot()
  if (reason !== null) return { bench: 'pods', rows: [skippedRow('pods', reason)] }
  const stand = await buildStand(undo)
  say(`pods: ${RUNS} cold starts each, in turns`)
  const rows = await coldStarts(stand, undo)
  say(`pods: ${RUNS} warm starts`)
  rows.push(rowOf('holdfast, warm', await warmStarts(stand.installation, undo, RUNS), undefined))
  const ratio = (field: string) => numberOf(rows, HOLDFAST, field) / numberOf(rows, BARE, field)
  return { bench: 'pods', rows, ratios: ratiosOf({ ratioP50: ratio('p50Ms'), ratioP99: ratio('p99Ms') }) }
}
