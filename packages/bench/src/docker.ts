/** The Docker engine's command line, as the benchmarks use it. */
import { execFileSync } from 'node:child_process'

/** Standard output; throws what the engine says. */
export const docker = (...args: string[]): string =>
  execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()

export const hasImage = (name: string): boolean => {
  try {
    docker('image', 'inspect', '-f', 'x', name)
    return true
  } catch {
    return false
  }
}

/** Addresses of a container on its networks; this machine reaches all of them, also those of internal networks. */
export const addressesOf = (container: string): string[] =>
  docker('inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}', container)
    .split(' ')
    .filter((address) => address !== '')

/** Ends and removes a container with its anonymous volumes. */
export const removeContainer = (id: string): string => docker('rm', '-f', '-v', id)

export const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')

/** Containers, then volumes and networks; the filter is `label=…`. */
export const removeLabelled = (filter: string): void => {
  const containers = lines(docker('ps', '-aq', '--filter', filter))
  if (containers.length > 0) docker('rm', '-f', '-v', ...containers)
  const volumes = lines(docker('volume', 'ls', '-q', '--filter', filter))
  if (volumes.length > 0) docker('volume', 'rm', '-f', ...volumes)
  const networks = lines(docker('network', 'ls', '-q', '--filter', filter))
  if (networks.length > 0) docker('network', 'rm', ...networks)
}
