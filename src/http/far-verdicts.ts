/**
 * Whoever watches a stream here may win at another process that shares the gate. Once a second this asks the gate what
 * those hold who have not heard of a unit: only in campaigns whose count of units has moved, newest streams first, and
 * only so many a second, so that it costs the same with ten thousand streams as with a thousand. A unit that the log
 * must have first is told when the record has it.
 */

import type { Catalog, LiveCampaign } from '../flow/catalog.ts';
import type { Codes } from '../flow/codes.ts';
import { lacksCode, toldClaim } from '../flow/codes.ts';
import type { Gate, Holding } from '../ports/gate.ts';
import type { RecordStore } from '../ports/record.ts';
import type { System, Timer } from '../ports/system.ts';
import type { Streams } from './sse.ts';
import { wonJson } from './wire.ts';

export interface FarVerdictParts {
  system: Pick<System, 'every'>;
  catalog: Pick<Catalog, 'get'>;
  gate: Pick<Gate, 'holdings'>;
  record: Pick<RecordStore, 'holders'>;
  codes: Codes;
  streams: Pick<Streams, 'unit' | 'watched' | 'watchers'>;
}

const ROUND_MS = 1000;
/** Streams looked at in a round, in all campaigns together. */
const LOOKS_MAX = 500;
/** Questions to the gate that are open at once. */
const ASKED_AT_ONCE = 50;
/** Units of a campaign that may wait for the record; who finds no room is found again by the next pass. */
const WAITING_MAX = 1000;
const RECORD_PAGE = 1000;
const RECORD_PAGES_MAX = 3;
/** Rounds after which a unit that the record does not have makes room for others. */
const PATIENCE_ROUNDS = 60;

/** A pass through a campaign's streams. */
interface Pass {
  /** `live.issued` when the last one began; -1: never */
  issued: number;
  /** the next one is due although nothing has moved: a question failed, or there was no room */
  again: boolean;
  /** streams below this place are still to be looked at; 0: it is over */
  from: number;
  /** found at the gate, not in the record yet, by seq */
  waiting: Map<number, { userId: string; wonAt: number; rounds: number }>;
}

/** Begins to look. Only for a gate that other processes share. */
export function tellFarVerdicts(parts: FarVerdictParts): Timer {
  const far = new FarVerdicts(parts);
  return parts.system.every(ROUND_MS, () => void far.round());
}

export class FarVerdicts {
  readonly #parts: FarVerdictParts;
  readonly #passes = new Map<string, Pass>();
  #busy = false;

  constructor(parts: FarVerdictParts) {
    this.#parts = parts;
  }

  /** One second's worth. A round that takes longer than a second is not joined by another. */
  async round(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await this.#lookAll();
    } finally {
      this.#busy = false;
    }
  }

  async #lookAll(): Promise<void> {
    const watched = new Set(this.#parts.streams.watched());
    for (const id of this.#passes.keys()) if (!watched.has(id)) this.#passes.delete(id);
    let looks = LOOKS_MAX;
    for (const id of watched) {
      const live = this.#parts.catalog.get(id);
      // While a gate is made good its holders are not all there; when it is open again, they are asked for again.
      if (!live?.atGate || live.rebuilding) continue;
      const pass = this.#passOf(live);
      await this.#tellRecorded(live, pass).catch(() => undefined);
      if (looks > 0) looks -= await this.#look(live, pass, looks);
      // Whoever was looked at goes to the end: a crowd in one campaign does not keep the others waiting for ever.
      this.#passes.delete(id);
      this.#passes.set(id, pass);
    }
  }

  #passOf(live: LiveCampaign): Pass {
    let pass = this.#passes.get(live.campaign.id);
    if (!pass) {
      pass = { issued: -1, again: false, from: 0, waiting: new Map() };
      this.#passes.set(live.campaign.id, pass);
    }
    return pass;
  }

  /** Asks the gate for some of those who watch. Resolves with how many streams were looked at. */
  async #look(live: LiveCampaign, pass: Pass, max: number): Promise<number> {
    if (pass.from === 0) {
      if (pass.issued === live.issued && !pass.again) return 0;
      pass.issued = live.issued;
      pass.again = false;
      pass.from = Number.POSITIVE_INFINITY;
    }
    const { next, looked, users } = this.#parts.streams.watchers(live.campaign.id, pass.from, max);
    pass.from = next;
    const many = live.campaign.perUserLimit > 1;
    const open = users.filter(({ toldSeq }) => many || toldSeq === 0);
    for (let at = 0; at < open.length; at += ASKED_AT_ONCE) {
      const some = open.slice(at, at + ASKED_AT_ONCE);
      const asked = some.map(({ userId, toldSeq }) => this.#ask(live, pass, userId, toldSeq));
      if (!(await Promise.all(asked)).every(Boolean)) {
        // The gate does not answer: the rest of the second is left to the presses.
        pass.again = true;
        break;
      }
    }
    return looked;
  }

  /** False when the gate did not answer. */
  async #ask(live: LiveCampaign, pass: Pass, userId: string, toldSeq: number): Promise<boolean> {
    let units: Holding[];
    try {
      units = await this.#parts.gate.holdings(live.campaign.id, userId);
    } catch {
      return false;
    }
    for (const { seq, wonAt } of units) {
      // What is in flight is told by the press itself.
      if (seq <= toldSeq || live.inFlight.has(seq)) continue;
      if (isKept(live, seq)) this.#tell(live, userId, seq, wonAt);
      else if (pass.waiting.size < WAITING_MAX) pass.waiting.set(seq, { userId, wonAt, rounds: 0 });
      else pass.again = true;
    }
    return true;
  }

  #tell(live: LiveCampaign, userId: string, seq: number, wonAt: number): void {
    const { codes, streams } = this.#parts;
    const { campaign } = live;
    const tell = (): void => {
      streams.unit(campaign.id, userId, seq, () =>
        wonJson(toldClaim(codes, campaign, { userId, seq, wonAt })),
      );
    };
    if (lacksCode(codes, campaign, seq)) codes.ensure(campaign, [seq]).then(tell, tell);
    else tell();
  }

  /** Those of the units that wait which the record has by now. */
  async #tellRecorded(live: LiveCampaign, pass: Pass): Promise<void> {
    const { waiting } = pass;
    if (waiting.size === 0) return;
    for (const [seq, unit] of waiting) {
      unit.rounds += 1;
      if (unit.rounds <= PATIENCE_ROUNDS) continue;
      waiting.delete(seq);
      pass.again = true;
    }
    const seqs = [...waiting.keys()].sort((a, b) => a - b);
    const last = seqs.at(-1) as number;
    let after = (seqs[0] as number) - 1;
    for (let page = 0; page < RECORD_PAGES_MAX && after < last; page++) {
      const held = await this.#parts.record.holders(live.campaign.id, after, RECORD_PAGE);
      held.seqs.forEach((seq, i) => {
        const unit = waiting.get(seq);
        if (unit === undefined) return;
        waiting.delete(seq);
        // Another holder than the gate's: not for a stream to settle.
        if (held.userIds[i] === unit.userId) this.#tell(live, unit.userId, seq, unit.wonAt);
      });
      if (held.seqs.length < RECORD_PAGE) return;
      after = held.seqs.at(-1) as number;
    }
  }
}

/** Whether a win that the gate has is as durable as its campaign promises, by all that is known here. */
function isKept({ campaign: { durability }, baseSeq, onLog }: LiveCampaign, seq: number): boolean {
  return durability === 'memory' || durability === 'disk' || seq <= baseSeq || onLog.has(seq);
}
