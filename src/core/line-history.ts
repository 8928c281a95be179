/**
 * The past of a line, as it may lie on a log that many processes wrote to: in any order, some of it twice, packed this way
 * or that, and with holes where a process ended between the line and the log. Brought into one order that a line can be
 * made of, in which everybody comes before it is said what has become of him.
 */

import type {
  LineConfirmed,
  LineFact,
  LineJoined,
  LineReleased,
  LineShuffled,
  LineStretched,
} from './line-fact.ts';

/** How a place ended. */
type End = 'left' | 'expired' | 'won' | 'ineligible' | 'closed' | 'sold_out';

interface Joined {
  userId: string;
  key: string | null;
  at: number;
  epoch: number;
}

interface Ended {
  end: End;
  seq: number;
  epoch: number;
}

interface Confirmed {
  number: number;
  at: number;
}

/** Everything that the facts say, once. */
interface Past {
  campaignId: string;
  epoch: number;
  /** the latest moment of all */
  at: number;
  /** by number, and by -number of those before a shuffle */
  joined: Map<number, Joined>;
  early: Map<number, Joined>;
  earlyLeft: Set<number>;
  /** the highest number that any fact has, given or let in */
  last: number;
  lastEarly: number;
  ended: Map<number, Ended>;
  released: Map<number, LineReleased>;
  confirmed: Map<number, Confirmed>;
  stretched: Map<string, LineStretched>;
  shuffled: LineShuffled | null;
}

/**
 * The facts of one campaign in the order in which a line can be made of them, each thing once: who joined before a
 * shuffle (and left again), the shuffle, who joined, how places ended, who was let in and who has confirmed. Of facts
 * without holes it makes the line that they were made by.
 *
 * A number that nobody is known to have had becomes one that was left, by an empty user. Who has a later place has left
 * the one before. What is put together here is of the latest moment of all, so that the line's clock does not step back.
 * `seed`: of the line's shuffle, if it has one; a shuffle that is not on the log itself, but has been,
 * since numbers were given after it, is made again by it.
 */
export function inOrder(facts: readonly LineFact[], seed: string | null = null): LineFact[] {
  const [one] = facts;
  if (one === undefined) return [];
  const past = gather(one.campaignId, facts);
  const ordered = earlyFacts(past);
  if (past.shuffled === null && seed !== null && past.lastEarly > 0 && past.last > 0) {
    past.shuffled = { type: 'line.shuffled', ...headOf(past), seed, count: stayed(past) };
  }
  if (past.shuffled !== null) ordered.push(past.shuffled);
  return ordered.concat(joinFacts(past), endFacts(past), releaseFacts(past), confirmFacts(past));
}

function headOf({ campaignId, epoch, at }: Past): { campaignId: string; epoch: number; at: number } {
  return { campaignId, epoch, at };
}

function gather(campaignId: string, facts: readonly LineFact[]): Past {
  const past: Past = {
    campaignId,
    epoch: 0,
    at: 0,
    joined: new Map(),
    early: new Map(),
    earlyLeft: new Set(),
    last: 0,
    lastEarly: 0,
    ended: new Map(),
    released: new Map(),
    confirmed: new Map(),
    stretched: new Map(),
    shuffled: null,
  };
  for (const fact of facts) gatherOne(past, fact);
  // Whose a number is must be known before it is said what became of it.
  for (const fact of facts) gatherEnd(past, fact);
  return past;
}

function gatherOne(past: Past, fact: LineFact): void {
  past.epoch = Math.max(past.epoch, fact.epoch);
  past.at = Math.max(past.at, fact.at);
  switch (fact.type) {
    case 'line.joined':
      return gatherJoin(past, fact);
    case 'line.released': {
      seen(past, fact.to);
      const known = past.released.get(fact.to);
      if (known === undefined || fact.epoch > known.epoch) past.released.set(fact.to, fact);
      return;
    }
    case 'line.stretched':
      past.stretched.set(`${fact.epoch}:${fact.at}`, fact);
      return;
    case 'line.shuffled':
      if (past.shuffled === null || fact.epoch > past.shuffled.epoch) past.shuffled = fact;
      past.last = Math.max(past.last, fact.count);
      return;
    default:
      for (const number of fact.numbers) seen(past, number);
  }
}

function gatherEnd(past: Past, fact: LineFact): void {
  switch (fact.type) {
    case 'line.confirmed':
      return gatherConfirms(past, fact);
    case 'line.won':
      return gatherEnds(past, 'won', fact);
    case 'line.refused':
      return gatherEnds(past, fact.why, fact);
    case 'line.left':
      return gatherEnds(past, 'left', fact);
    case 'line.expired':
      return gatherEnds(past, 'expired', fact);
    default:
      return;
  }
}

function seen(past: Past, number: number): void {
  if (number > 0) past.last = Math.max(past.last, number);
  else past.lastEarly = Math.max(past.lastEarly, -number);
}

function gatherJoin(past: Past, { first, userIds, keys, at, epoch }: LineJoined): void {
  const [places, step] = first < 0 ? [past.early, -1] : [past.joined, 1];
  for (const [i, userId] of userIds.entries()) {
    const number = first + step * i;
    seen(past, number);
    const known = places.get(Math.abs(number));
    const one = { userId, key: keys?.[i] ?? null, at, epoch };
    if (known === undefined || goesBefore(one, known)) places.set(Math.abs(number), one);
    // Told once more in a later epoch he has been there since the first.
    if (known?.userId === userId) sinceFirst(places, number, Math.min(epoch, known.epoch));
  }
}

function sinceFirst(places: Map<number, Joined>, number: number, epoch: number): void {
  const one = places.get(Math.abs(number));
  if (one !== undefined) places.set(Math.abs(number), { ...one, epoch });
}

/** Whether a number was given to another user, by a later line, than it was when this was said of it. */
function isOthers({ joined, early }: Past, number: number, epoch: number): boolean {
  const one = number < 0 ? early.get(-number) : joined.get(number);
  return one !== undefined && epoch < one.epoch;
}

function gatherConfirms(past: Past, { numbers, at, epoch }: LineConfirmed): void {
  for (const number of numbers) {
    const known = past.confirmed.get(number);
    if (isOthers(past, number, epoch) || (known !== undefined && at >= known.at)) continue;
    past.confirmed.set(number, { number, at });
  }
}

/** Of one user the first telling counts; of two who were given one number, by a line that was lost, the later line's. */
function goesBefore(one: Joined, known: Joined): boolean {
  if (one.userId === known.userId) return one.at < known.at;
  if (one.epoch !== known.epoch) return one.epoch > known.epoch;
  return one.at === known.at ? one.userId < known.userId : one.at < known.at;
}

/** A unit that was given stays given, whatever else is said of a place. */
function gatherEnds(
  past: Past,
  end: End,
  { numbers, seqs, epoch }: { numbers: number[]; seqs?: number[]; epoch: number },
): void {
  for (const [i, number] of numbers.entries()) {
    if (isOthers(past, number, epoch)) continue;
    if (number < 0) {
      past.earlyLeft.add(-number);
      continue;
    }
    const known = past.ended.get(number);
    const isBetter = known === undefined || end === 'won' || (known.end !== 'won' && epoch > known.epoch);
    if (isBetter) past.ended.set(number, { end, seq: seqs?.[i] ?? 0, epoch });
  }
}

// --- who joined ----------------------------------------------------------------------------------------------------

/** Nobody knows whose it was. */
const NOBODY: Joined = { userId: '', key: null, at: 0, epoch: 0 };

/** Places one after the other as few facts, from `first`, which is below 0 before a shuffle. */
function runOf(past: Past, first: number, people: readonly Joined[]): LineFact[] {
  if (people.length === 0) return [];
  const keys = people.some(({ key }) => key !== null) ? people.map(({ key }) => key) : null;
  const userIds = people.map(({ userId }) => userId);
  return [{ type: 'line.joined', ...headOf(past), first, userIds, keys }];
}

/**
 * Before a shuffle a place that was left is gone altogether, so a user's places are told one after the other: whoever
 * comes back has been said to have left before.
 */
function earlyFacts(past: Past): LineFact[] {
  const facts: LineFact[] = [];
  const gone = new Set<number>();
  const placeOf = new Map<string, number>();
  let run: Joined[] = [];
  let next = 1;
  const sayWhoLeft = (): void => {
    facts.push(...runOf(past, -(next - run.length), run));
    run = [];
    if (gone.size > 0) facts.push({ type: 'line.left', ...headOf(past), numbers: [...gone] });
    gone.clear();
  };
  for (; next <= past.lastEarly; next++) {
    const one = past.early.get(next) ?? NOBODY;
    const before = placeOf.get(one.userId);
    if (before !== undefined && !past.earlyLeft.has(before)) {
      past.earlyLeft.add(before);
      gone.add(-before);
    }
    if (before !== undefined && gone.has(-before)) sayWhoLeft();
    run.push(one);
    if (one !== NOBODY) placeOf.set(one.userId, next);
    if (one === NOBODY || past.earlyLeft.has(next)) gone.add(-next);
  }
  sayWhoLeft();
  return facts;
}

/** How many stood in line when it was shuffled. */
function stayed({ early, earlyLeft }: Past): number {
  let many = 0;
  for (const place of early.keys()) if (!earlyLeft.has(place)) many += 1;
  return many;
}

function joinFacts(past: Past): LineFact[] {
  const first = past.shuffled === null ? 1 : stayed(past) + 1;
  const people: Joined[] = [];
  const placeOf = new Map<string, number>();
  for (let number = first; number <= past.last; number++) {
    const one = past.joined.get(number) ?? NOBODY;
    people.push(one);
    const before = placeOf.get(one.userId);
    if (before !== undefined) endAsLeft(past, before);
    if (one === NOBODY) endAsLeft(past, number);
    else placeOf.set(one.userId, number);
  }
  return runOf(past, first, people);
}

function endAsLeft({ ended, epoch }: Past, number: number): void {
  if (!ended.has(number)) ended.set(number, { end: 'left', seq: 0, epoch });
}

// --- what has become of them ---------------------------------------------------------------------------------------

const REFUSED = ['ineligible', 'closed', 'sold_out'] as const;

function endFacts(past: Past): LineFact[] {
  const head = headOf(past);
  const byEnd = new Map<End, number[]>();
  for (const number of [...past.ended.keys()].sort((a, b) => a - b)) {
    const { end } = past.ended.get(number) as Ended;
    const numbers = byEnd.get(end);
    if (numbers === undefined) byEnd.set(end, [number]);
    else numbers.push(number);
  }
  const facts: LineFact[] = [];
  const [left, expired, won] = (['left', 'expired', 'won'] as const).map((end) => byEnd.get(end));
  if (left !== undefined) facts.push({ type: 'line.left', ...head, numbers: left });
  if (expired !== undefined) facts.push({ type: 'line.expired', ...head, numbers: expired });
  if (won !== undefined) {
    const seqs = won.map((number) => (past.ended.get(number) as Ended).seq);
    facts.push({ type: 'line.won', ...head, numbers: won, seqs });
  }
  for (const why of REFUSED) {
    const numbers = byEnd.get(why);
    if (numbers !== undefined) facts.push({ type: 'line.refused', ...head, numbers, why });
  }
  return facts;
}

/**
 * Who was let in, with the time that a pause gave back in between: it is for those who had been let in by then. A release
 * of which nobody is left is told by the next.
 */
function releaseFacts(past: Past): LineFact[] {
  const releases = [...past.released.values()].sort((a, b) => a.to - b.to);
  const stretches = [...past.stretched.values()].sort((a, b) => a.at - b.at);
  const facts: LineFact[] = [];
  let told = 0;
  for (const [i, release] of releases.entries()) {
    while (stretches[0] !== undefined && stretches[0].at <= release.at) facts.push(...stretches.splice(0, 1));
    const next = releases[i + 1];
    if (next !== undefined && release.confirmBy === null && next.confirmBy === null) continue;
    if (next === undefined || someoneIn(past, told + 1, release.to)) facts.push(release);
    told = release.to;
  }
  facts.push(...stretches);
  return facts;
}

function someoneIn({ ended }: Past, from: number, to: number): boolean {
  for (let number = from; number <= to; number++) if (!ended.has(number)) return true;
  return false;
}

/** In the order in which they did: it is the order in which the gate is asked. */
function confirmFacts(past: Past): LineFact[] {
  const releases = [...past.released.values()].sort((a, b) => a.to - b.to);
  const mustConfirm = (number: number): boolean => {
    const release = releases.find(({ to }) => to >= number);
    return release === undefined || release.confirmBy !== null;
  };
  const numbers = [...past.confirmed.values()]
    .filter(({ number }) => !past.ended.has(number) && mustConfirm(number))
    .sort((a, b) => a.at - b.at)
    .map(({ number }) => number);
  return numbers.length === 0 ? [] : [{ type: 'line.confirmed', ...headOf(past), numbers }];
}
