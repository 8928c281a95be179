// The environment of a command that a test runs as somebody would who has set nothing: what it is to know is said by the
// test. Only what Node has compiled of our sources is kept from one start to the next, as `npm start` keeps it.

import { join } from 'node:path';

const COMPILED = join(import.meta.dirname, '..', '..', '.node', 'compiled');

export function cleanEnv(more: Readonly<Record<string, string>>): Record<string, string> {
  const { PATH = '', NODE_COMPILE_CACHE = COMPILED } = process.env;
  return { PATH, NO_COLOR: '1', NODE_COMPILE_CACHE, ...more };
}
