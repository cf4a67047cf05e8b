/** One JSON line an event, to standard output (pino); credentials are removed wherever they could stand. */
import { type Logger, pino } from 'pino'

export type { Logger }

export const newLogger = (service: string, level: string): Logger =>
  pino({
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: ['req.headers.authorization', 'req.headers["sec-websocket-protocol"]', 'req.headers.cookie'],
  })
