/** The type of the configuration, taken from the table: a new row in options.ts is a new property here. */

import type { Rate } from '../core/rate.ts';
import type { options } from './options.ts';

/** Tries allowed per user and per address. A part that is absent has no limit. */
export interface RateLimit {
  user?: Rate;
  ip?: Rate;
}

type Row = (typeof options)[number];

/** What a row's text becomes. `auto` of the rate limit is settled by then. */
type ValueOf<R extends Row> = R extends { values: readonly (infer V)[] } ? V : ByType[R['type']];

interface ByType {
  text: string;
  integer: number;
  'yes-no': boolean;
  choice: string;
  list: string[];
  url: string;
  origins: string[];
  database: string;
  roles: string[];
  'rate-limit': RateLimit;
  proxies: string[];
  ports: number[];
  waits: number[];
}

/** What an option is when nothing is given and it has no default: an empty list, or undefined. */
type Absent<R extends Row> = ValueOf<R> extends string[] ? never : undefined;

export type Config = {
  readonly [R in Row as R['key']]: R['default'] extends null ? ValueOf<R> | Absent<R> : ValueOf<R>;
};
