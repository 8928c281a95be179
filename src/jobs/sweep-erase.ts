/** The step of `sweep` that takes people out: campaign by campaign, place by place, a page of rows at a time. */

import type { PersonalPlace } from '../core/kept.ts';
import { PERSONAL_PLACES } from '../core/kept.ts';
import { said } from '../core/said.ts';
import type { EraseStep } from '../flow/erase.ts';
import { beginErasing, endErasing, eraseKeyOf, isToErase } from '../flow/erase.ts';
import type { RowKey } from '../ports/retention.ts';
import { TooSlow } from './faults.ts';
import type { Chunk, Step, StepContext } from './job.ts';
import { type Packing, planned } from './planned.ts';
import { ERASE_PARAM, type SweepParts } from './sweep-parts.ts';
import type { After } from './sweep-steps.ts';
import { afterOf, pageOf } from './sweep-steps.ts';

type Phase = 'begin' | PersonalPlace | 'end';

/** What is to be done to a campaign: to begin or to end, or a row of it. */
interface Item {
  campaignId: string;
  phase: Phase;
  row: RowKey | null;
}

interface At extends Record<string, unknown> {
  /** campaigns up to here have been looked at */
  after: After | null;
  /** the one that is being erased, and how far; null: the next is to be found */
  campaignId: string | null;
  phase: Phase;
  row: RowKey | null;
  /** it was named, and is the only one */
  named: boolean;
}

const START: At = { after: null, campaignId: null, phase: 'begin', row: null, named: false };
const PHASES: readonly Phase[] = ['begin', ...PERSONAL_PLACES, 'end'];
const PAGE = 100;

/** The rows of a chunk are of one place, and some of them are not there any more when it is done. */
const ROWS: Packing<Item> = {
  pack(items) {
    const [{ campaignId, phase }] = items as [Item];
    return { campaignId, phase, rows: items.map(({ row }) => row) };
  },
  unpack(packed) {
    const { rows, ...of } = packed as Omit<Item, 'row'> & { rows: Item['row'][] };
    return rows.map((row) => ({ ...of, row }));
  },
};

export function eraseStep(parts: SweepParts): Step<Item> {
  const step: Step<Item> = {
    name: 'erase',
    chunkSize: 200,
    // The last act of a campaign writes its files anew.
    chunkMaxMs: 900_000,
    async read(context, position, size) {
      let at = (position as At | null) ?? START;
      if (at.campaignId === null) {
        const found = await nextOf(parts, context, at);
        if (found === null) return { items: [], position: at, done: true };
        at = found;
      }
      return readPhase(parts, at, size);
    },
    async write(context, items) {
      const [{ campaignId, phase } = { campaignId: '', phase: 'begin' as const }] = items;
      const by = { id: context.by, requestId: null };
      if (phase === 'begin') return acted(await beginErasing(parts, campaignId, by));
      if (phase === 'end') return acted(await endErasing(parts, campaignId, by));
      const rows = items.map(({ row }) => row as RowKey);
      await parts.retention.erase(phase, campaignId, rows, eraseKeyOf(parts, campaignId));
      return { written: rows.length };
    },
  };
  return planned(step, ROWS);
}

/** The next campaign whose time has come, or the one that was named; null: there is none. */
async function nextOf(parts: SweepParts, context: StepContext, at: At): Promise<At | null> {
  const { keep } = parts;
  const named = context.params[ERASE_PARAM];
  if (typeof named === 'string') return at.named ? null : { ...START, campaignId: named, named: true };
  for (let { after } = at; ; ) {
    const page = await pageOf(parts, context, after, PAGE);
    const due = page.find((campaign) => isToErase(campaign, keep.personalMs, context.system.now()));
    if (due !== undefined) return { ...START, after: afterOf(due), campaignId: due.id };
    const last = page.at(-1);
    if (last === undefined) return null;
    after = afterOf(last);
  }
}

/** Rows of the place where it stands, or of the first one after it that has any. */
async function readPhase({ retention }: SweepParts, at: At, size: number): Promise<Chunk<Item>> {
  const campaignId = at.campaignId as string;
  let { phase, row } = at;
  for (;;) {
    const next = PHASES[PHASES.indexOf(phase) + 1];
    if (phase === 'begin' || phase === 'end') {
      const rest = next === undefined ? { campaignId: null, phase: 'begin' as const } : { phase: next };
      const position: At = { ...at, row: null, ...rest };
      return { items: [{ campaignId, phase, row: null }], position, done: false };
    }
    const rows = await retention.personal(phase, campaignId, row, size);
    if (rows.length > 0) {
      const place = phase;
      const items = rows.map((one) => ({ campaignId, phase: place, row: one }));
      return { items, position: { ...at, phase, row: rows.at(-1) as RowKey }, done: false };
    }
    [phase, row] = [next as Phase, null];
  }
}

function acted(step: EraseStep): { written: number; skipped?: Record<string, number> } {
  // Tried again: what moves comes to rest, and what was changed is read anew.
  if (step === 'moving') throw new TooSlow(said('erase_moving'));
  if (step === 'changed') throw new TooSlow(said('erase_changed'));
  return step === 'done' ? { written: 1 } : { written: 0, skipped: { [step]: 1 } };
}
