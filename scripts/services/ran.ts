// What the tests really ran on is noted where it is started, in a file that `npm test` names and reads at the end. The
// tests run in many processes and stop what they started, so afterwards nobody could be asked any more.

import { appendFileSync } from 'node:fs';

/** Names the file of the notes. Without it nothing is noted. */
export const RAN_ON_FILE = 'DIBS_TEST_RAN_ON';

/**
 * Notes that something has started and serves.
 * @param what with its version, as its own program told it: `Redis 7.0.15`
 * @param how in which form, when there is more than one: `replica`
 */
export const noteRan = (what: string, how = ''): void => note('ran', what, how);

/** Notes that tests were left out, and why. */
export const noteSkipped = (why: string): void => note('skipped', why.split('\n')[0] ?? why, '');

function note(...fields: [kind: 'ran' | 'skipped', what: string, how: string]): void {
  const file = process.env[RAN_ON_FILE];
  if (file) appendFileSync(file, `${fields.join('\t')}\n`);
}
