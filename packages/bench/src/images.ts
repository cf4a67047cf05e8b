/** Sizes of the images, as the engine counts them (all layers). */
import { docker, hasImage } from './docker.ts'
import type { Row } from './report.ts'
import type { Scenario } from './scenario.ts'

const NAMES = ['holdfast/session', 'holdfast/service', 'holdfast/node:24', 'contender/ttyd']

const rowOf = (name: string): Row =>
  hasImage(name)
    ? { name, sizeMb: Math.round(Number(docker('image', 'inspect', '-f', '{{.Size}}', name)) / 1e6) }
    : { name, skipped: 'not built here' }

export const images: Scenario = async () => ({ bench: 'images', rows: NAMES.map(rowOf) })
