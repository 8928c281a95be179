/**
 * The waiting line that any number of processes share: the rule in Lua, inside Redis, beside the gate of its campaign and
 * under the same right to decide. Whatever goes wrong on the way there, nobody is told more than is known.
 *
 * Like the gate it opens for nobody by itself: `arm` makes it, of the facts of its past, and a Redis that was restarted
 * answers `rebuilding` until somebody has.
 */

import type { LineFact } from '../../core/line-fact.ts';
import type { LineRule } from '../../core/line-state.ts';
import type { Line } from '../../ports/line.ts';
import type { System } from '../../ports/system.ts';
import type { RedisClient } from './connect.ts';
import { clockOf, expiredFacts, lineRuleArgs, readCounts, readHead, readReleased } from './line-answers.ts';
import { type AskLine, callArmed, LineTrouble } from './line-call.ts';
import { takeFacts } from './line-fill.ts';
import { type LinePlace, makeLinePlace, moveLineToEpoch, type StandingTold } from './line-place.ts';
import { type LuaCalls, makeLuaCalls } from './lua-calls.ts';
import { armedScript, scriptText } from './scripts.ts';

export interface RedisLineParts {
  client: RedisClient;
  system: Pick<System, 'after' | 'afterTurn'>;
  /** before every key; keeps several installations in one Redis apart */
  prefix?: string;
  /** presses of one campaign that may wait at once, and questions */
  waitingMax?: number;
  /** told why something was not answered */
  onFault?: (campaignId: string, why: string) => void;
  /** line.lua; tests give one with a clock that they hold */
  lineText?: string;
}

export type LineArmed =
  | { kind: 'armed' }
  /** `live`: this epoch's line is open already. `fenced`: a later epoch has been there, or came meanwhile. */
  | { kind: 'refused'; why: 'live' | 'fenced'; detail: string };

/**
 * A line of many processes. Calls that nobody could answer reject with an error that has a `fault` (ports/line
 * `LineFault`); a press is told it.
 */
export interface RedisLine extends Line {
  /** From now on this process asks for `epoch`, whatever has become of the campaign; an older one changes nothing. */
  follow(campaignId: string, epoch: number): void;
  /**
   * Makes the line anew, of facts in the order of core/line-history, and opens it in `epoch`. Until then, and when this
   * rejects, everybody is told `rebuilding`; it can be begun again.
   */
  arm(campaignId: string, epoch: number, rule: LineRule, facts: readonly LineFact[]): Promise<LineArmed>;
  /** Whether the line of `epoch` is there and open; false after a restart of Redis. Rejects when Redis cannot be asked. */
  isArmed(campaignId: string, epoch: number): Promise<boolean>;
  /** Forgets a line, here and in Redis. */
  unload(campaignId: string): Promise<void>;
}

const WAITING_MAX = 16_384;

/** What the parts of the line share. */
interface Inside {
  client: RedisClient;
  lua: LuaCalls;
  lineText: string;
  onFault: RedisLineParts['onFault'];
  places: Map<string, LinePlace>;
  /** a campaign's place, made when there is none */
  placeOf: (campaignId: string) => LinePlace;
}

export function makeRedisLine(parts: RedisLineParts): RedisLine {
  const { client, system, prefix = '', waitingMax = WAITING_MAX, onFault } = parts;
  const lineText = parts.lineText ?? scriptText('line');
  const lua = makeLuaCalls(client, prefix);
  const places = new Map<string, LinePlace>();
  const placeParts = { client, lua, system, lineText, waitingMax, onFault };
  const placeOf = (campaignId: string): LinePlace => {
    const place = places.get(campaignId) ?? makeLinePlace(placeParts, campaignId);
    places.set(campaignId, place);
    return place;
  };
  const inside: Inside = { client, lua, lineText, onFault, places, placeOf };
  return { ...asking(inside), ...moving(inside), ...keeping(inside) };
}

function asking({ places }: Inside): Pick<RedisLine, 'join' | 'leave' | 'standing' | 'counts'> {
  return {
    join(campaignId, attempt, answer) {
      const place = places.get(campaignId);
      return place ? place.presses.claim(attempt, answer) : answer({ fault: 'unknown_campaign' });
    },
    async leave(campaignId, userId) {
      const place = places.get(campaignId);
      if (place === undefined) return { left: false, facts: [] };
      const { epoch } = place;
      const reply = await place.askInOrder('leave', userId);
      const [at, , expired, number] = reply as [number, number, string, number];
      const head = { campaignId, epoch, at };
      const facts = [...place.owed.splice(0), ...expiredFacts(head, expired)];
      if (number !== 0) facts.push({ type: 'line.left', ...head, numbers: [number] });
      return { left: number !== 0, facts };
    },
    async standing(campaignId, of) {
      const place = places.get(campaignId);
      if (place === undefined) return null;
      const told = await new Promise<StandingTold>((resolve) => place.questions.claim(of, resolve));
      if ('fault' in told) throw new LineTrouble(told.fault, `the line of ${campaignId} cannot be asked`);
      return told.standing;
    },
    async counts(campaignId) {
      const place = places.get(campaignId);
      return place ? readCounts(await place.ask('counts')) : null;
    },
  };
}

function moving({ places }: Inside): Pick<RedisLine, 'advance' | 'take'> {
  const known = (campaignId: string): LinePlace => {
    const place = places.get(campaignId);
    if (!place) throw new Error(`campaign ${campaignId} has no line here`);
    return place;
  };
  return {
    async advance(campaignId, budget, eligible) {
      const place = known(campaignId);
      const { epoch } = place;
      const { upTo, refused } = await lookAtHead(place, budget, eligible);
      const reply = await place.askInOrder('release', budget, upTo, JSON.stringify(refused));
      const moved = readReleased(reply, { campaignId, epoch });
      return { ...moved, facts: [...place.owed.splice(0), ...moved.facts] };
    },
    async take(campaignId, facts) {
      await takeFacts(known(campaignId).ask, facts);
    },
  };
}

const PEEK_MAX = 1000;
/** People looked at in vain in one release; the next one goes on. */
const REFUSED_MAX = 10_000;

/**
 * Asks who at the head may still win, as far as there is budget. Up to `upTo` all who waited have been looked at: whoever
 * joins meanwhile stands behind, and whoever leaves is passed over.
 */
async function lookAtHead(
  place: LinePlace,
  budget: number,
  eligible: (userId: string) => boolean,
): Promise<{ upTo: number; refused: number[] }> {
  const refused: number[] = [];
  const { campaignId, epoch } = place;
  let upTo = 0;
  let found = 0;
  for (;;) {
    const most = Math.min(PEEK_MAX, Math.ceil(budget) - found);
    const reply = await place.askInOrder('peek', budget, upTo, Math.max(0, most));
    const head = { campaignId, epoch, at: clockOf(reply) };
    place.owed.push(...expiredFacts(head, (reply as unknown[])[2]));
    const { budget: left, people } = readHead(reply);
    for (const { userId, number } of people) {
      if (found >= left || refused.length === REFUSED_MAX) break;
      if (eligible(userId)) found += 1;
      else refused.push(number);
      upTo = number;
    }
    if (people.length === 0 || found >= left || refused.length === REFUSED_MAX) break;
  }
  return { upTo, refused };
}

function keeping(inside: Inside): Pick<RedisLine, 'configure' | 'follow' | 'arm' | 'isArmed' | 'unload'> {
  const { lua, lineText, places, placeOf, client } = inside;
  const unload: RedisLine['unload'] = async (campaignId) => {
    const place = places.get(campaignId);
    place?.presses.clear();
    place?.questions.clear();
    places.delete(campaignId);
    await lua.run('line-unload', campaignId, []);
  };
  return {
    unload,
    async configure(campaignId, rule) {
      if (rule === null) {
        await unload(campaignId);
        return [];
      }
      const place = placeOf(campaignId);
      moveLineToEpoch(place, rule.epoch, lineText);
      const { epoch } = place;
      const [at, byMs] = (await place.ask('configure', ...lineRuleArgs(rule))) as [number, number];
      if (byMs < 0) return [];
      return [{ type: 'line.stretched', campaignId, epoch, at, byMs }];
    },
    follow(campaignId, epoch) {
      moveLineToEpoch(placeOf(campaignId), epoch, lineText);
    },
    arm: (campaignId, epoch, rule, facts) => arm(inside, campaignId, epoch, { rule, facts }),
    async isArmed(campaignId, epoch) {
      const { sha } = armedScript(lineText, campaignId, epoch);
      try {
        await callArmed({ client, lua }, { campaignId, epoch, sha }, 0, '', 'counts', []);
        return true;
      } catch (error) {
        const { fault, message } = error as LineTrouble;
        if (message.startsWith('LEASE ')) return true;
        if (fault === 'rebuilding') return false;
        throw error;
      }
    },
  };
}

async function arm(
  inside: Inside,
  campaignId: string,
  epoch: number,
  { rule, facts }: { rule: LineRule; facts: readonly LineFact[] },
): Promise<LineArmed> {
  const { lua, lineText, placeOf } = inside;
  const { text, sha } = armedScript(lineText, campaignId, epoch);
  const begun = await lua.runOrRefuse('line-arm', campaignId, [epoch, ...lineRuleArgs(rule)]);
  if (typeof begun === 'string') return refusedArming(begun);
  const [fill] = begun as [number];
  await lua.load(text);
  const ask: AskLine = (op, ...details) =>
    callArmed(inside, { campaignId, epoch, sha }, 0, fill, op, details);
  try {
    await takeFacts(ask, facts);
    await ask('open');
  } catch (error) {
    const { message } = error as LineTrouble;
    // Somebody else has begun after this one.
    if (message.startsWith('FENCED ')) return refusedArming(message);
    throw error;
  }
  moveLineToEpoch(placeOf(campaignId), epoch, lineText);
  return { kind: 'armed' };
}

function refusedArming(message: string): LineArmed {
  return { kind: 'refused', why: message.startsWith('LIVE ') ? 'live' : 'fenced', detail: message };
}
