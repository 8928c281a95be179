// Protects: over Redis, Kafka and MariaDB imported codes are told by every process alike, each winner has the row of his
// number exactly once, also when the recorder was killed meanwhile, and one is used once, whoever is asked.

import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Installation } from '../support/distributed.ts';
import { install, named, uninstall } from '../support/distributed.ts';
import type { Place } from '../support/pool-show.ts';
import { definePool, expectPinsOut, redeemAtOnce, rushForPins } from '../support/pool-show.ts';

let there: Installation | null;

beforeAll(async () => {
  there = await install();
});
afterAll(() => uninstall(there));

it('import 1,000 at one process, rush at two, use one at both', async ({ skip }) => {
  if (there === null) return skip('no services');
  const { site } = there;
  const places: Place[] = site.apis().map(({ url }) => ({ url, adminKey: site.adminKey }));
  const [first] = places as [Place];
  const show = { id: 'pins', codes: 1000, people: 1500 };
  const pins = await definePool(first, show);
  const back = named(site, 'back');
  const killed = back.kill().then(() => back.start());
  const won = await rushForPins(places, show, pins);
  await killed;
  expect(won.size).toBe(1000);
  for (const place of places) await expectPinsOut(place, show, pins);
  await redeemAtOnce(places, pins[499] as string);
  const rows = await site.query(
    `SELECT COUNT(*) AS count FROM claims c JOIN pool_codes p ON p.place = c.seq AND p.lookup = c.code_lookup`,
  );
  expect(Number(rows[0]?.['count'])).toBe(1000);
});
