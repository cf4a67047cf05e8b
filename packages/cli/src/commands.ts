/** Every command there is, in the order of the help. */
import type { Command, Group } from './command.ts'
import { adminGroup } from './commands/admin.ts'
import { attachCommand } from './commands/attach.ts'
import { completionCommand } from './commands/completion.ts'
import { contextGroup } from './commands/context.ts'
import { cpCommand } from './commands/cp.ts'
import { doctorCommand } from './commands/doctor.ts'
import { extendCommand } from './commands/extend.ts'
import { keysCommand } from './commands/keys.ts'
import { killCommand } from './commands/kill.ts'
import { labelCommand } from './commands/label.ts'
import { loginCommand } from './commands/login.ts'
import { logsCommand } from './commands/logs.ts'
import { lsCommand } from './commands/ls.ts'
import { migrateCommand } from './commands/migrate.ts'
import { newCommand } from './commands/new.ts'
import { renameCommand } from './commands/rename.ts'
import { resumeCommand } from './commands/resume.ts'
import { runCommand } from './commands/run.ts'
import { screenCommand } from './commands/screen.ts'
import { sendCommand } from './commands/send.ts'
import { shareCommand } from './commands/share.ts'
import { suspendCommand } from './commands/suspend.ts'
import { topCommand } from './commands/top.ts'
import { upCommand } from './commands/up.ts'
import { usageCommand } from './commands/usage.ts'
import { waitCommand } from './commands/wait.ts'
import { watchCommand } from './commands/watch.ts'

export const COMMANDS: readonly Command[] = [
  upCommand,
  newCommand,
  runCommand,
  lsCommand,
  attachCommand,
  sendCommand,
  keysCommand,
  waitCommand,
  screenCommand,
  logsCommand,
  cpCommand,
  killCommand,
  renameCommand,
  labelCommand,
  migrateCommand,
  shareCommand,
  extendCommand,
  suspendCommand,
  resumeCommand,
  topCommand,
  watchCommand,
  usageCommand,
  loginCommand,
  doctorCommand,
  completionCommand(() => NAMED),
]
export const GROUPS: readonly Group[] = [contextGroup, adminGroup]
export const NAMED: readonly Command[] = [...COMMANDS, ...GROUPS.flatMap(({ commands }) => commands)]
