export { type DockerOptions, dockerRuntime } from './docker.ts'
export * from './labels.ts'
export { type ProcessOptions, processRuntime } from './process.ts'
export * from './runtime.ts'
