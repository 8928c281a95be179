// Protects: the life of a campaign. Each action leads where the table says and nowhere else, the clock opens and closes
// at the exact millisecond, and a definition that makes no sense is refused with the field that is wrong.

import { describe, expect, it } from 'vitest';
import type { Action, Campaign, Eligibility, Status } from '../../src/core/campaign.ts';
import {
  ACTIONS,
  CAMPAIGN_ID,
  definitionFault,
  isEligible,
  STATUSES,
  startsAt,
  statusOf,
  transition,
} from '../../src/core/campaign.ts';
import { sampleCampaign, T0 } from '../support/samples.ts';

const DRAFT = { openedAt: null, opensAt: null } satisfies Partial<Campaign>;

/** A campaign in each state at T0; `sold_out` by its 100 units being out. */
const inState: Record<Status, Partial<Campaign>> = {
  draft: DRAFT,
  scheduled: { openedAt: null, opensAt: T0 + 1000 },
  open: {},
  paused: { pausedAt: T0 - 1 },
  sold_out: {},
  closed: { closedAt: T0 - 1 },
  archived: { closedAt: T0 - 2, archivedAt: T0 - 1 },
};
const issuedIn = (status: Status): number => (status === 'sold_out' ? 100 : 0);

describe('statusOf', () => {
  it.each(STATUSES)('%s', (status) => {
    expect(statusOf(sampleCampaign(inState[status]), issuedIn(status), T0)).toBe(status);
  });

  it.each([
    [-1, 'scheduled'],
    [0, 'open'],
    [9, 'open'],
    [10, 'closed'],
  ])('by the clock, at +%i ms: %s', (ms, status) => {
    const campaign = sampleCampaign({ openedAt: null, opensAt: T0, closesAt: T0 + 10 });
    expect(statusOf(campaign, 0, T0 + ms)).toBe(status);
  });

  it('a pause holds through closesAt until somebody resumes or closes', () => {
    const campaign = sampleCampaign({ pausedAt: T0, closesAt: T0 + 10 });
    expect(statusOf(campaign, 0, T0 + 10)).toBe('paused');
    expect(statusOf({ ...campaign, pausedAt: null }, 0, T0 + 10)).toBe('closed');
  });

  it('what is sold out and over is closed', () => {
    expect(statusOf(sampleCampaign({ closesAt: T0 }), 100, T0)).toBe('closed');
  });

  it('begins by hand or by the clock', () => {
    expect(startsAt({ openedAt: 5, opensAt: 9 })).toBe(5);
    expect(startsAt({ openedAt: null, opensAt: 9 })).toBe(9);
    expect(startsAt({ openedAt: null, opensAt: null })).toBeNull();
  });
});

describe('transition', () => {
  /** From each state: the state that the action leads to, `=` when it changes nothing, `-` when it is refused. */
  const table: Record<Status, Record<Action, Status | '=' | '-'>> = {
    draft: { open: 'open', pause: '-', resume: '-', close: 'closed', archive: '-' },
    scheduled: { open: 'open', pause: 'paused', resume: '=', close: 'closed', archive: '-' },
    open: { open: '=', pause: 'paused', resume: '=', close: 'closed', archive: '-' },
    paused: { open: '-', pause: '=', resume: 'open', close: 'closed', archive: '-' },
    sold_out: { open: '=', pause: 'paused', resume: '=', close: 'closed', archive: '-' },
    closed: { open: '-', pause: '-', resume: '-', close: '=', archive: 'archived' },
    archived: { open: '-', pause: '-', resume: '-', close: '-', archive: '=' },
  };
  const cases = STATUSES.flatMap((from) =>
    ACTIONS.map((action) => [from, action, table[from][action]] as const),
  );

  it.each(cases)('%s + %s → %s', (from, action, to) => {
    const campaign = sampleCampaign(inState[from]);
    const copy = structuredClone(campaign);
    const step = transition(campaign, action, issuedIn(from), T0);
    expect(campaign).toEqual(copy);
    if (to === '=') return expect(step).toEqual({ kind: 'unchanged' });
    if (to === '-') return expect(step).toEqual({ kind: 'refused', status: from });
    if (step.kind !== 'changed') return expect.unreachable(`${from} + ${action} was ${step.kind}`);
    expect(statusOf(step.campaign, 0, T0)).toBe(to);
    expect(step.campaign).toMatchObject({ version: 2, updatedAt: T0 });
  });

  it('resume leads back to where the clock has come meanwhile', () => {
    const paused = sampleCampaign({ pausedAt: T0, opensAt: T0 + 5, openedAt: null, closesAt: T0 + 50 });
    const at = (now: number): Status | null => {
      const step = transition(paused, 'resume', 0, now);
      return step.kind === 'changed' ? statusOf(step.campaign, 0, now) : null;
    };
    expect([at(T0), at(T0 + 5), at(T0 + 50)]).toEqual(['scheduled', 'open', 'closed']);
  });

  it('closed by the clock and archived, it has an end', () => {
    const step = transition(sampleCampaign({ closesAt: T0 - 5 }), 'archive', 0, T0);
    expect(step).toMatchObject({ kind: 'changed', campaign: { archivedAt: T0, closedAt: T0 } });
  });

  it('closed while paused, it is closed and no longer paused', () => {
    const step = transition(sampleCampaign({ pausedAt: T0 - 1 }), 'close', 0, T0);
    expect(step).toMatchObject({ kind: 'changed', campaign: { closedAt: T0, pausedAt: null } });
  });
});

describe('definitionFault', () => {
  const faultOf = (over: Partial<Campaign>): string | null => {
    const fault = definitionFault(sampleCampaign(over));
    if (fault === null) return null;
    return fault.code === 'invalid_field' ? `invalid_field ${fault.pointer}` : fault.code;
  };

  it.each<[string, Partial<Campaign>, string | null]>([
    ['an ordinary campaign', {}, null],
    ['a window', { opensAt: T0, closesAt: T0 + 1 }, null],
    ['an empty window', { opensAt: T0, closesAt: T0 }, 'invalid_window'],
    ['a window that ends before it begins', { opensAt: T0, closesAt: T0 - 1 }, 'invalid_window'],
    ['an end alone', { closesAt: T0 }, null],
    ['queued without a pace', { mode: 'queued' }, 'invalid_field /release'],
    ['queued with a pace', { mode: 'queued', release: { perSecond: 10 } }, null],
    ['instant with a pace', { release: { perSecond: 10 } }, 'invalid_field /release'],
    ['ordered with a pace', { mode: 'ordered', release: { perSecond: 10 } }, 'invalid_field /release'],
    ['a limit above the quantity', { quantity: 2, perUserLimit: 3 }, 'invalid_field /perUserLimit'],
    ['a limit of the whole quantity', { quantity: 3, perUserLimit: 3 }, null],
  ])('%s', (_title, over, fault) => {
    expect(faultOf(over)).toBe(fault);
  });

  it.each(['a', '0', 'chicken-100', 'a'.repeat(64), 'a-'])('id %s may be', (id) => {
    expect(CAMPAIGN_ID.test(id)).toBe(true);
  });

  it.each(['', '-a', 'A', 'a_b', 'a b', 'é', 'a'.repeat(65), 'a\n', '../x', 'a/b'])(
    'id %j may not be',
    (id) => {
      expect(CAMPAIGN_ID.test(id)).toBe(false);
    },
  );
});

describe('isEligible', () => {
  it.each<[string, Eligibility | null, string, Record<string, unknown>, boolean]>([
    ['no rule', null, 'ann', {}, true],
    ['an empty rule', {}, 'ann', {}, true],
    ['on the list', { allowUsers: ['ann'] }, 'ann', {}, true],
    ['not on the list', { allowUsers: ['ann'] }, 'Ann', {}, false],
    ['nobody on the list', { allowUsers: [] }, 'ann', {}, false],
    ['denied', { denyUsers: ['ann'] }, 'ann', {}, false],
    ['denied wins over allowed', { allowUsers: ['ann'], denyUsers: ['ann'] }, 'ann', {}, false],
    ['the right claim', { tokenClaims: { tier: ['gold', 'silver'] } }, 'ann', { tier: 'silver' }, true],
    ['one of several values', { tokenClaims: { tier: ['gold'] } }, 'ann', { tier: ['blue', 'gold'] }, true],
    ['the wrong claim', { tokenClaims: { tier: ['gold'] } }, 'ann', { tier: 'blue' }, false],
    ['no claim', { tokenClaims: { tier: ['gold'] } }, 'ann', {}, false],
    ['no such claim anywhere', { tokenClaims: { constructor: ['gold'] } }, 'ann', {}, false],
    ['nothing is coerced', { tokenClaims: { age: [1] } }, 'ann', { age: '1' }, false],
    ['a number', { tokenClaims: { age: [1] } }, 'ann', { age: 1 }, true],
    ['all must hold', { tokenClaims: { a: [1], b: [true] } }, 'ann', { a: 1, b: false }, false],
    ['list and claim', { allowUsers: ['ann'], tokenClaims: { b: [true] } }, 'ann', { b: true }, true],
  ])('%s', (_title, rule, user, claims, expected) => {
    expect(isEligible(rule, user, claims)).toBe(expected);
  });
});
