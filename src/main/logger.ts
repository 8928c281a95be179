/** The program's own log: JSON lines, or readable lines on a terminal. Never codes, tokens or user ids. */

import { createRequire } from 'node:module';
import { isatty } from 'node:tty';
import { type DestinationStream, type Logger, pino } from 'pino';
import type * as PinoPretty from 'pino-pretty';
import type { Config } from '../config/load.ts';

/** Standard output belongs to what a command prints, so the log goes to standard error. */
const STDERR = 2;

export function makeLogger({ logLevel, logFormat }: Pick<Config, 'logLevel' | 'logFormat'>): Logger {
  const redact = ['req.headers.authorization', 'code', 'token', 'userId'];
  const terminal = isatty(STDERR);
  const pretty = logFormat === 'pretty' || (logFormat === 'auto' && terminal);
  return pino({ level: logLevel, redact, base: null }, pretty ? prettyLines(terminal) : jsonLines());
}

/** Written before the call returns: the last words of a process that dies are worth the most. */
const jsonLines = (): DestinationStream => pino.destination({ dest: STDERR, sync: true });

/** A server that writes JSON never loads what makes lines pretty. */
function prettyLines(terminal: boolean): DestinationStream {
  const { default: pretty } = createRequire(import.meta.url)('pino-pretty') as typeof PinoPretty;
  const colorize = terminal && !process.env['NO_COLOR'];
  return pretty({ destination: STDERR, sync: true, colorize, translateTime: 'SYS:HH:MM:ss.l' });
}
