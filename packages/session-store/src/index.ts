export * from './connection.ts'
export * from './redis.ts'
export * from './store.ts'
