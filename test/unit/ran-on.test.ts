// Protects: the last lines of `npm test` name what the tests ran on, nothing more and nothing twice.

import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { ranOn } from '../../scripts/ran-on.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { noteRan, RAN_ON_FILE } from '../../scripts/services/ran.ts';
import { ServiceProblem } from '../../scripts/services/say.ts';
import { dataFolder } from '../support/data-folder.ts';

afterEach(() => vi.unstubAllEnvs());

function newNotes(): string {
  const file = join(dataFolder(), 'ran-on');
  vi.stubEnv(RAN_ON_FILE, file);
  return file;
}

test('each part has one line with all its forms, however often and in whatever order it was started', () => {
  const notes = newNotes();
  noteRan('Kafka 4.2.0');
  noteRan('Redis 7.0.15', 'cluster of three');
  noteRan('SQLite 3.54.0');
  noteRan('Redis 7.0.15', 'one');
  noteRan('Redis 7.0.15', 'one');
  noteRan('MariaDB 10.11.19');
  noteRan('Redis 7.0.15', 'replica');
  noteRan('Kafka 4.2.0');
  expect(ranOn(notes).slice(1)).toEqual([
    'SQLite 3.54.0',
    'Redis 7.0.15 (one, replica, cluster of three)',
    'MariaDB 10.11.19',
    'Kafka 4.2.0',
  ]);
});

test('what did not run is not named; only Node always did', () => {
  expect(ranOn(join(dataFolder(), 'none'))).toEqual([
    expect.stringMatching(new RegExp(`^Node ${process.versions.node} on `)),
  ]);
});

test('what could not be had is told with its reason', async () => {
  const notes = newNotes();
  vi.stubEnv('CI', '');
  const start = () => Promise.reject(new ServiceProblem('Redis is not on this machine.\nInstall it.'));
  expect(await startOrSkip(start)).toBeNull();
  expect(await startOrSkip(start)).toBeNull();
  expect(ranOn(notes).slice(1)).toEqual(['skipped: Redis is not on this machine.']);
});

test('nothing is noted when nobody asks for it', () => {
  const notes = newNotes();
  vi.stubEnv(RAN_ON_FILE, '');
  noteRan('Redis 7.0.15');
  appendFileSync(notes, '');
  expect(ranOn(notes)).toHaveLength(1);
});
