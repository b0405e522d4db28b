import { pino } from 'pino';
import { build as pinoPretty } from 'pino-pretty';
import type { LogLevel } from './config/config.js';

/** Where the exporter's log lines go. */
export interface Log {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}

type LogMethod = (message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** Logs to standard error: JSON lines for machines, or plain lines when a person is watching. */
export function createLog(level: LogLevel, forPeople: boolean): Log {
  const destination = forPeople
    ? pinoPretty({
        destination: 2,
        sync: true,
        translateTime: 'SYS:HH:MM:ss',
        ignore: 'pid,hostname',
        singleLine: true,
      })
    : pino.destination({ dest: 2, sync: true });
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  const method =
    (at: LogLevel): LogMethod =>
    (message, fields = {}) => {
      logger[at](fields, message);
    };
  return {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
  };
}
