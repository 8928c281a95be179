/** The program's own log: JSON lines, or readable lines on a terminal. Never codes, tokens or user ids. */

import { type Logger, pino } from 'pino';
import type { Config } from '../config/load.ts';

export function makeLogger(config: Pick<Config, 'logLevel' | 'logFormat'>): Logger {
  const redact = ['req.headers.authorization', 'code', 'token', 'userId'];
  // Standard output belongs to what a command prints, so the log goes to standard error.
  return pino({ level: config.logLevel, redact, base: null }, pino.destination({ dest: 2, sync: true }));
}
