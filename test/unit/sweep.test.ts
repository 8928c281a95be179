// Protects: the sweep looks at every campaign, does what is due and nothing else, tells what it left out, and goes on
// from wherever it was broken off.

import { beforeEach, describe, expect, it } from 'vitest';
import type { Campaign } from '../../src/core/campaign.ts';
import type { PersonalPlace } from '../../src/core/kept.ts';
import { makeCatalog } from '../../src/flow/catalog.ts';
import { clearGate } from '../../src/flow/sweep-gate.ts';
import { doChunk } from '../../src/jobs/chunk.ts';
import type { Position, StepContext } from '../../src/jobs/job.ts';
import { makeSweepJob } from '../../src/jobs/sweep.ts';
import type { SweepParts } from '../../src/jobs/sweep-parts.ts';
import type { Epoch } from '../../src/ports/epochs.ts';
import type { StoredFile } from '../../src/ports/files.ts';
import type { RowKey } from '../../src/ports/retention.ts';
import { sampleCampaign, T0 } from '../support/samples.ts';

const DAY = 86_400_000;
const LEFT = `remove left-${T0 - DAY}`;

interface World {
  campaigns: Map<string, Campaign>;
  parts: SweepParts;
  said: string[];
  caughtUp: boolean;
}

function makeWorld(): World {
  const said: string[] = [];
  const campaigns = new Map<string, Campaign>();
  const rows: Partial<Record<PersonalPlace, number>> = { claims: 5, line: 1, audit: 2 };
  const world = { campaigns, said, caughtUp: true } as World;
  const sorted = (): Campaign[] =>
    [...campaigns.values()].sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
  world.parts = {
    master: Buffer.alloc(32, 1),
    catalog: makeCatalog(),
    system: { now: () => T0 },
    campaigns: {
      get: async (id) => campaigns.get(id) ?? null,
      list: async (after, limit) => {
        const all = sorted();
        const from = after === null ? 0 : all.findIndex(({ id }) => id === after.id) + 1;
        return all.slice(from, from + limit);
      },
      update: async (next, expected) => {
        if (campaigns.get(next.id)?.version !== expected) return false;
        campaigns.set(next.id, next);
        return true;
      },
    },
    gate: { unload: async (id) => void said.push(`unload ${id}`) },
    unloadLine: async (id) => void said.push(`unload line ${id}`),
    log: {
      append: () => undefined,
      state: () => ({ waiting: 0, end: 0, fault: null }),
    } as unknown as SweepParts['log'],
    record: {
      holders: async () => ({ seqs: new Float64Array(), wonAt: new Float64Array(), userIds: [], keys: null }),
    },
    caughtUp: async () => world.caughtUp,
    scrub: async () => void said.push('scrub'),
    codeImports: {
      stale: async () => [7],
      drop: async (no) => {
        said.push(`drop import ${no}`);
        return said.filter((one) => one === `drop import ${no}`).length < 2;
      },
    },
    files: {
      list: async ({ untouchedSince }) => [{ id: `left-${untouchedSince}` } as StoredFile],
      remove: async (id) => said.push(`remove ${id}`) > 0,
    },
    retention: {
      old: async (kind, _before, after, limit) =>
        kind === 'audit' && after === null ? [1, 2].slice(0, limit) : [],
      drop: async (kind, keys) => {
        said.push(`drop ${kind} ${keys.join(',')}`);
        return keys.length;
      },
      untidy: async (id, afterSeq) =>
        id === 'over' && afterSeq === 0
          ? { expired: [1, 2], held: [3], last: 3 }
          : { expired: [], held: [], last: null },
      tidy: async (id, { expired, held }) => {
        said.push(`tidy ${id} ${expired.join(',')} ${held.join(',')}`);
        return { expired: expired.length - 1, held: held.length };
      },
      personal: async (place, _id, after, limit) =>
        Array.from({ length: rows[place] ?? 0 }, (_, i): RowKey => i + 1)
          .filter((key) => Number(key) > Number(after ?? 0))
          .slice(0, limit),
      erase: async (place, id, keys) => {
        said.push(`erase ${id} ${place} ${keys.join(',')}`);
        return keys.length;
      },
    },
    keep: {
      gateMs: DAY,
      personalMs: 10 * DAY,
      rows: {
        audit: DAY,
        outbox: null,
        deliveries: null,
        runs: null,
        files: null,
        figures: null,
        faults: null,
      },
    },
  };
  return world;
}

let world: World;
beforeEach(() => {
  world = makeWorld();
});

function add(id: string, over: Partial<Campaign> = {}): Campaign {
  const campaign = sampleCampaign({ id, createdAt: T0 - 1000 + world.campaigns.size, ...over });
  world.campaigns.set(id, campaign);
  world.parts.catalog.put(campaign).atGate = true;
  return campaign;
}

/** Runs a step to its end, from the position that it is given after each chunk as JSON. */
async function run(name: string, params: Record<string, unknown> = {}, chunks = 1_000) {
  const step = makeSweepJob(world.parts).steps.find((one) => one.name === name);
  if (step === undefined) throw new Error(`no step ${name}`);
  const context = {
    runId: 'r',
    params,
    by: 'op',
    system: { now: () => T0 },
    signal: new AbortController().signal,
  };
  let position: Position | null = null;
  const total = { read: 0, written: 0, skips: {} as Record<string, number>, done: false };
  for (let nth = 0; nth < chunks && !total.done; nth++) {
    const done = await doChunk(step as never, context as unknown as StepContext, position, 3);
    position = JSON.parse(JSON.stringify(done.position)) as Position;
    total.read += done.read;
    total.written += done.written;
    total.done = done.done;
    for (const [why, count] of Object.entries(done.skips)) total.skips[why] = (total.skips[why] ?? 0) + count;
  }
  return total;
}

describe('the gate', () => {
  it('is left by who is archived, and by who has been closed for long', async () => {
    add('open');
    add('closed', { closedAt: T0 - 5 });
    add('closed-long', { closedAt: T0 - 2 * DAY });
    add('archived', { closedAt: T0 - 5, archivedAt: T0 - 4 });
    add('line', { mode: 'queued', closedAt: T0 - 5, archivedAt: T0 - 4 });
    add('line-closed', { mode: 'queued', closedAt: T0 - 2 * DAY });
    add('ordered', { mode: 'ordered', closedAt: T0 - 5, archivedAt: T0 - 4 });
    const total = await run('gates');
    expect(total).toMatchObject({ written: 4, skips: { nothing: 1 }, done: true });
    expect(world.said.toSorted()).toEqual(
      [
        'unload archived',
        'unload closed-long',
        'unload line',
        'unload line line',
        'unload line-closed',
      ].toSorted(),
    );
    expect(world.parts.catalog.get('archived')?.atGate).toBe(false);
    expect(world.parts.catalog.get('open')?.atGate).toBe(true);
  });

  it('keeps what is still on its way to the record', async () => {
    add('archived', { closedAt: T0 - 5, archivedAt: T0 - 4 });
    world.caughtUp = false;
    expect(await run('gates')).toMatchObject({ written: 0, skips: { moving: 1 } });
    expect(world.said).toEqual([]);
  });

  it('that is shared is left when it is retired; an archived campaign is retired by the sweep', async () => {
    const epochs = new Map<string, Partial<Epoch>>([
      ['retired', { state: 'retired' }],
      ['open', { state: 'open', epoch: 3 }],
      ['archived', { state: 'open', epoch: 3 }],
      ['rebuilding', { state: 'rebuilding' }],
    ]);
    let left = 0;
    const shared: NonNullable<SweepParts['shared']> = {
      epochs: {
        of: async (id) => (epochs.get(id) as Epoch) ?? null,
        retire: async (id, epoch) => id === 'archived' && epoch === 3,
      },
      keeper: {
        leftBehind: async () => Array.from({ length: left }, () => ({ facts: [], decidedAt: T0 * 2 })),
        letGo: async () => undefined,
      },
    };
    const clear = (id: string, over: Partial<Campaign>) =>
      clearGate({ ...world.parts, shared }, sampleCampaign({ id, closedAt: T0 - 2 * DAY, ...over }), T0);
    expect(await clear('gone', {})).toBe('nothing');
    expect(await clear('retired', {})).toBe('cleared');
    expect(await clear('open', {})).toBe('moving');
    expect(await clear('open', { closedAt: null })).toBe('moving');
    expect(await clear('rebuilding', { archivedAt: T0 })).toBe('moving');
    expect(await clear('archived', { archivedAt: T0, mode: 'queued' })).toBe('cleared');
    expect(world.said).toEqual(['unload retired', 'unload archived', 'unload line archived']);
    left = 1;
    expect(await clear('archived', { archivedAt: T0 })).toBe('moving');
  });
});

describe('units', () => {
  it('are tidied campaign by campaign, and what has changed meanwhile is said', async () => {
    add('first');
    add('over');
    add('last');
    expect(await run('units')).toMatchObject({
      read: 3,
      written: 2,
      skips: { changed_meanwhile: 1 },
      done: true,
    });
    expect(world.said).toEqual(['tidy over 1,2 3']);
  });

  it('of one campaign, when it is named', async () => {
    add('first');
    add('over');
    expect(await run('units', { campaign: 'first' })).toMatchObject({ read: 0, done: true });
    expect(await run('units', { campaign: 'over' })).toMatchObject({ read: 3 });
    expect(await run('units', { erase: 'over' })).toMatchObject({ read: 0, done: true });
  });
});

describe('old rows', () => {
  it('go, and those that are kept for ever stay', async () => {
    expect(await run('old-audit')).toMatchObject({ written: 2, done: true });
    expect(await run('old-outbox')).toMatchObject({ read: 0, done: true });
    expect(await run('old-audit', { campaign: 'x' })).toMatchObject({ read: 0, done: true });
    expect(await run('old-stagings')).toMatchObject({ written: 2, done: true });
    expect(world.said).toEqual(['drop audit 1,2', 'drop import 7', 'drop import 7', LEFT]);
  });
});

describe('people', () => {
  const ALL = [
    'unload old',
    'erase old claims 1,2,3',
    'erase old claims 4,5',
    'erase old line 1',
    'erase old audit 1,2',
    'scrub',
  ];

  it('of campaigns that were archived long ago are erased, place by place, and then it is said', async () => {
    add('old', { closedAt: T0 - 30 * DAY, archivedAt: T0 - 20 * DAY, eligibility: { allowUsers: ['u-1'] } });
    add('young', { closedAt: T0 - 30 * DAY, archivedAt: T0 - 5 * DAY });
    add('closed', { closedAt: T0 - 30 * DAY });
    add('done', {
      closedAt: T0 - 40 * DAY,
      archivedAt: T0 - 30 * DAY,
      erasingAt: T0 - DAY,
      erasedAt: T0 - DAY,
    });
    expect(await run('erase')).toMatchObject({ written: 10, done: true });
    expect(world.said).toEqual(ALL);
    expect(world.campaigns.get('old')).toMatchObject({
      eligibility: null,
      erasingAt: T0,
      erasedAt: T0,
      version: 3,
    });
    expect(world.parts.catalog.get('old')?.campaign.erasedAt).toBe(T0);
    world.said.length = 0;
    await run('erase');
    expect(world.said).toEqual([]);
  });

  it('are erased at once where somebody asks for it, and again when he asks again', async () => {
    add('old', { closedAt: T0 - 5, archivedAt: T0 - 4 });
    add('other', { closedAt: T0 - 30 * DAY, archivedAt: T0 - 20 * DAY });
    await run('erase', { erase: 'old' });
    expect(world.said).toEqual(ALL);
    world.said.length = 0;
    expect(await run('erase', { erase: 'old' })).toMatchObject({ done: true });
    expect(world.said).toEqual(ALL);
    expect(world.campaigns.get('old')?.version).toBe(3);
  });

  it('are never erased by themselves where that is not wanted', async () => {
    add('old', { closedAt: T0 - 5, archivedAt: T0 - 1000 * DAY });
    world.parts = { ...world.parts, keep: { ...world.parts.keep, personalMs: null } };
    expect(await run('erase')).toMatchObject({ read: 0, done: true });
  });

  it('who are half erased by a run that was broken off are erased by the next', async () => {
    add('old', { closedAt: T0 - 30 * DAY, archivedAt: T0 - 20 * DAY });
    await run('erase', {}, 2);
    expect(world.campaigns.get('old')).toMatchObject({ erasingAt: T0, erasedAt: null });
    await run('erase');
    expect(world.campaigns.get('old')).toMatchObject({ erasedAt: T0, version: 3 });
  });

  it('wait for what is still on its way', async () => {
    add('old', { closedAt: T0 - 30 * DAY, archivedAt: T0 - 20 * DAY });
    world.caughtUp = false;
    await expect(run('erase')).rejects.toMatchObject({ name: 'TooSlow' });
    expect(world.campaigns.get('old')?.erasingAt).toBeNull();
  });
});

describe('what is refused', () => {
  it('is a campaign that is not there, and erasing one that is not archived', async () => {
    add('open');
    add('archived', { closedAt: T0, archivedAt: T0 });
    const { refuses } = makeSweepJob(world.parts);
    expect(await refuses?.({})).toBeNull();
    expect(await refuses?.({ campaign: 'open' })).toBeNull();
    expect(await refuses?.({ campaign: 'none' })).toMatchObject({ code: 'campaign_not_found' });
    expect(await refuses?.({ erase: 'open' })).toMatchObject({ code: 'campaign_live' });
    expect(await refuses?.({ erase: 'archived' })).toBeNull();
  });
});
