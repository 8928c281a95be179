/** X-Request-Id: the caller's when it is one, else ours, short and never twice in the life of this process. */

import type { System } from '../ports/system.ts';

const GIVEN = /^[A-Za-z0-9._-]{1,64}$/;

export type RequestIds = (given: string | undefined) => string;

export function makeRequestIds(system: System): RequestIds {
  const prefix = `${system.randomBytes(6).toString('base64url').replaceAll(/[-_]/g, '0')}-`;
  let count = 0;
  return (given) => {
    if (given !== undefined && GIVEN.test(given)) return given;
    count += 1;
    return prefix + count.toString(36);
  };
}
