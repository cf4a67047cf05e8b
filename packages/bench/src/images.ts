/** Sizes of the images, as the engine counts them (all layers). */
import { docker } from './installation.ts'
import { printTable } from './stats.ts'

export const images = async (): Promise<void> => {
  const rows = ['holdfast/session', 'holdfast/service', 'holdfast/node:24', 'contender/ttyd'].map((name) => [
    name,
    `${Math.round(Number(docker('image', 'inspect', '-f', '{{.Size}}', name)) / 1e6)} MB`,
  ])
  printTable(['image', 'size'], rows)
}
