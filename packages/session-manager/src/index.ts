/** The public list of the session manager. */
export type { LiveAttachment, SessionApi } from './api.ts'
export { type AgentChange, agentChanges, type Hook, runHook } from './hooks.ts'
export { type Capacity, type LocalLoad, localFirst, type Policy, type Side } from './hybrid/policy.ts'
export type { MigrateOptions } from './hybrid/target.ts'
export { ManagedSession } from './managed-session.ts'
export {
  type ClusterOptions,
  type Filter,
  type LocalOptions,
  type ManagerOptions,
  migrate,
  type OverflowOptions,
  SessionManager,
  sessionsOf,
} from './manager.ts'
export { SessionStream, type SessionStreamEvents, type StreamOptions } from './session-stream.ts'
export { isTooOld as tmuxIsTooOld, OLDEST as oldestTmux } from './tmux/version.ts'
export { type Until, wait } from './waiting.ts'
