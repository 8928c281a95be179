/** Protects: a polite stop in the middle of a rush cuts no answer short and loses no told win. */

import { afterAll, expect, test } from 'vitest';
import {
  makeCrowd,
  newDataDir,
  openCampaign,
  removeDataDir,
  startServer,
  winnersCsv,
} from '../support/server.ts';

const dataDir = newDataDir();
afterAll(() => removeDataDir(dataDir));

test('SIGTERM in mid-rush', { timeout: 60_000 }, async () => {
  const server = await startServer(dataDir);
  await openCampaign(server, 'drop', 1_000_000);
  const crowd = makeCrowd(server, 100);
  const told = new Map<string, number>();
  const cut: string[] = [];
  let next = 0;
  let refused = 0;
  const person = async (): Promise<void> => {
    while (refused < 100) {
      const user = `u-${next++}`;
      try {
        const { status, body } = await crowd.press('drop', user);
        if (status === 201) told.set(user, (body['claim'] as { seq: number }).seq);
        else {
          // Whoever still comes in is told so, in full.
          expect([503, status]).toContain(status);
          refused += 1;
        }
      } catch (error) {
        // A connection that is refused was never taken; one that ends without an answer was.
        const code = (error as { code?: string; cause?: { code?: string } }).code;
        if (code !== 'ECONNREFUSED') cut.push(`${user}: ${code} ${(error as Error).message}`);
        refused += 1;
      }
    }
  };
  const people = Promise.all(Array.from({ length: 100 }, person));
  await expect.poll(() => told.size, { timeout: 20_000, interval: 1 }).toBeGreaterThan(2000);
  expect(await server.stop()).toBe(0);
  await people;
  await crowd.close();
  expect(cut).toEqual([]);

  const again = await startServer(dataDir);
  const rows = await winnersCsv(again, 'drop');
  const recorded = new Map(rows.map((row) => [row['userId'], Number(row['seq'])]));
  expect([...told].filter(([user, seq]) => recorded.get(user) !== seq)).toEqual([]);
  expect(rows.length).toBe(told.size);
  await again.stop();
});
