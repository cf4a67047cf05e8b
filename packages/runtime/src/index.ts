export * from './labels.ts'
export * from './runtime.ts'
