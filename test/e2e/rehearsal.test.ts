// Protects: a rehearsal with the gate killed at second 2 ends green and says what happened; nothing of the campaign is
// touched, nothing is left behind, and people come first.

import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RehearsalResult } from '../../src/core/rehearsal.ts';
import { newDataDir, operator, removeDataDir, startServer, type TestServer } from '../support/server.ts';

const dibs = join(import.meta.dirname, '../../src/cli/dibs.ts');
const dataDir = newDataDir();
let server: TestServer;
const foldersLeft = () => readdirSync(tmpdir()).filter((name) => name.startsWith('dibs-rehearsal-'));
const folders = foldersLeft();

beforeAll(async () => {
  server = await startServer(dataDir);
  const made = { id: 'drop', name: 'Drop', quantity: 500, codes: { source: 'pool' } };
  expect((await operator(server, 'POST', '/v1/admin/campaigns', made)).status).toBe(201);
});
afterAll(async () => {
  await server.stop();
  removeDataDir(dataDir);
});

const rehearsals = '/v1/admin/campaigns/drop/rehearsals';

interface Rehearsal {
  id: string;
  shadowId: string;
  state: string;
  ok: boolean | null;
  error: string | null;
  progress: { presses: number; finished: number };
  result: RehearsalResult;
}

function rehearse(...args: string[]): Promise<{ code: number; told: Rehearsal }> {
  const env = { ...process.env, DIBS_URL: server.url, DIBS_ADMIN_KEY: server.adminKey };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [dibs, 'rehearse', '--campaign', 'drop', ...args, '--json'],
      { env },
      (error, out) => {
        resolve({ code: error === null ? 0 : Number(error.code), told: JSON.parse(out) as Rehearsal });
      },
    );
  });
}

const endOf = async (id: string): Promise<Rehearsal> => {
  const { body } = await operator(server, 'GET', `${rehearsals}/${id}`);
  const told = body as unknown as Rehearsal;
  return told.state === 'queued' || told.state === 'running' ? endOf(id) : told;
};

describe('a rehearsal', () => {
  it('with the gate killed at second 2 ends green, and says what was killed and who waited how long', async () => {
    const before = await operator(server, 'GET', '/v1/admin/campaigns/drop');
    const { code, told } = await rehearse('--users', '800', '--concurrency', '50', '--kill-at', '2');
    expect(told.error).toBeNull();
    const { result } = told;
    expect([...result.answers, ...result.integrity].filter(({ ok }) => !ok)).toEqual([]);
    expect({ code, ok: told.ok, state: told.state }).toEqual({ code: 0, ok: true, state: 'completed' });

    const { kill } = result;
    expect(kill?.part).toBe('server');
    expect(kill?.atMs).toBeGreaterThan(1990);
    expect(kill?.atMs).toBeLessThan(5000);
    expect(kill?.backAfterMs).toBeGreaterThan(0);
    // People came while it was away, and had to wait for most of that time.
    expect(kill?.longestWaitMs).toBeGreaterThan((kill?.backAfterMs ?? 0) / 2);
    // Whose answer was cut short by the kill is told when he asks again that he has it already.
    const won = result.timeline.words['won']?.reduce((sum, one) => sum + one, 0);
    expect(won).toBe(result.verdicts['won']);
    expect(won).toBeLessThanOrEqual(500);
    expect(won).toBeGreaterThan(300);

    expect(result.shadow).toMatchObject({ id: 'drop-rehearsal-1', quantity: 500 });
    expect(result.shadow.changed).toEqual([{ field: 'codes.source', was: 'pool', is: 'generated' }]);
    expect(result.crowd).toMatchObject({ users: 800, presses: 880, unresolved: 0 });
    expect(result).toMatchObject({ toldWins: 500, recorded: 500 });
    expect(result.soldOutAfterMs).toBeGreaterThan(0);
    expect(told.progress).toMatchObject({ presses: 880, finished: 880 });
    const answers = Object.values(result.verdicts).reduce((sum, one) => sum + one, 0);
    expect(answers).toBe(result.crowd.tries);

    expect((await operator(server, 'GET', '/v1/admin/campaigns/drop')).body).toEqual(before.body);
    expect(foldersLeft()).toEqual(folders);
    const people = await fetch(`${server.url}/v1/campaigns/drop-rehearsal-1`);
    expect(people.status).toBe(404);
    const { body: audit } = await operator(server, 'GET', '/v1/admin/audit');
    expect(audit['items']).toContainEqual(expect.objectContaining({ action: 'job.run', target: told.id }));
  });

  it('is one at a time, and is broken off when it is stopped', async () => {
    const asked = await operator(server, 'POST', rehearsals, { users: 500, overSeconds: 30 });
    expect(asked.status).toBe(202);
    expect(asked.headers['location']).toBe(`${rehearsals}/${String(asked.body['id'])}`);
    expect(asked.body['shadowId']).toBe('drop-rehearsal-2');
    const second = await operator(server, 'POST', rehearsals, { users: 10 });
    expect(second).toMatchObject({ status: 409, body: { code: 'rehearsal_refused' } });
    const id = String(asked.body['id']);
    expect((await operator(server, 'POST', `${rehearsals}/${id}/stop`)).status).toBe(200);
    expect(await endOf(id)).toMatchObject({ state: 'stopped', ok: null, result: null });
    await expect.poll(foldersLeft, { timeout: 10_000 }).toEqual(folders);
    const { body } = await operator(server, 'GET', rehearsals);
    expect((body['items'] as Rehearsal[]).map(({ shadowId }) => shadowId)).toEqual([
      'drop-rehearsal-2',
      'drop-rehearsal-1',
    ]);
  });

  it('is refused shortly before people come, and when it cannot show anything', async () => {
    const late = { users: 10, kill: { part: 'server', atSecond: 9 }, overSeconds: 3 };
    const told = await operator(server, 'POST', rehearsals, late);
    expect(told).toMatchObject({ status: 400, body: { code: 'invalid_field', pointer: '/kill/atSecond' } });
    const many = await operator(server, 'POST', rehearsals, { users: 20_001 });
    expect(many).toMatchObject({ status: 400, body: { code: 'invalid_field', pointer: '/users' } });
    expect((await operator(server, 'GET', `${rehearsals}/none`)).body['code']).toBe('rehearsal_not_found');

    const opensAt = new Date(Date.now() + 300_000).toISOString();
    await operator(server, 'POST', '/v1/admin/campaigns', { id: 'soon', name: 'Soon', quantity: 1, opensAt });
    const refused = await operator(server, 'POST', rehearsals, { users: 10 });
    expect(refused).toMatchObject({ status: 409, body: { code: 'rehearsal_refused' } });
    expect(refused.body['detail']).toContain('soon opens in 5 min');
  });
});
