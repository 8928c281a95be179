/**
 * What happens in a waiting line, as facts: the line is a function of them, so it survives whatever its process does not.
 * A crowd that joins together is one fact; a release of a thousand says how far it went and nobody's name.
 */

interface OfLine {
  campaignId: string;
  epoch: number;
  /** epoch ms, the line's clock */
  at: number;
}

/**
 * The numbers first, first + 1, … for these users. Before a shuffle nobody has a number: such places are counted
 * downwards, first, first - 1, … from -1.
 */
export interface LineJoined extends OfLine {
  type: 'line.joined';
  first: number;
  userIds: string[];
  /** the Idempotency-Key of each; null when none has one that matters */
  keys: (string | null)[] | null;
}

export interface LineLeft extends OfLine {
  type: 'line.left';
  numbers: number[];
}

/** Everybody who still waited up to the number `to` is let in. */
export interface LineReleased extends OfLine {
  type: 'line.released';
  to: number;
  /** until when they must press once more, epoch ms; null: they need not */
  confirmBy: number | null;
}

/** They pressed once more in time. */
export interface LineConfirmed extends OfLine {
  type: 'line.confirmed';
  numbers: number[];
}

/** They did not; their units go to the next in order. */
export interface LineExpired extends OfLine {
  type: 'line.expired';
  numbers: number[];
}

/** The gate gave them a unit: `seqs` in the order of `numbers`. */
export interface LineWon extends OfLine {
  type: 'line.won';
  numbers: number[];
  seqs: number[];
}

/** Their turn came and there is nothing for them. */
export interface LineRefused extends OfLine {
  type: 'line.refused';
  numbers: number[];
  why: 'ineligible' | 'closed' | 'sold_out';
}

/** Nobody's time to confirm runs while the line is held: it is this much longer for all who have not yet. */
export interface LineStretched extends OfLine {
  type: 'line.stretched';
  byMs: number;
}

/** Who joined before the opening gets his number by this seed (core/shuffle). */
export interface LineShuffled extends OfLine {
  type: 'line.shuffled';
  seed: string;
  count: number;
}

export type LineFact =
  | LineJoined
  | LineLeft
  | LineReleased
  | LineConfirmed
  | LineExpired
  | LineWon
  | LineRefused
  | LineStretched
  | LineShuffled;

/** Twice is once: the same fact always has the same id, and no other fact has it. */
export function lineFactId(fact: LineFact): string {
  return `${fact.campaignId}:${fact.epoch}:${whatOf(fact)}:${fact.type}`;
}

/** What a fact of its kind is told apart by. A number leaves, confirms, expires, wins and is refused once at most. */
function whatOf(fact: LineFact): string {
  switch (fact.type) {
    case 'line.joined':
      return String(fact.first);
    case 'line.released':
      return String(fact.to);
    case 'line.shuffled':
      return 'all';
    case 'line.stretched':
      return `at-${fact.at}`;
    default:
      return String(fact.numbers[0]);
  }
}

/** Puts facts that follow each other into one where that says the same: a turn's joins are one entry on the log. */
export function packLineFacts(facts: readonly LineFact[]): LineFact[] {
  const packed: LineFact[] = [];
  for (const fact of facts) {
    const last = packed.at(-1);
    if (last === undefined || !takenIn(last, fact)) packed.push(ownCopy(fact));
  }
  return packed;
}

/** A copy whose lists may grow. */
function ownCopy(fact: LineFact): LineFact {
  if (fact.type === 'line.joined') {
    return { ...fact, userIds: [...fact.userIds], keys: fact.keys && [...fact.keys] };
  }
  if (fact.type === 'line.won') return { ...fact, numbers: [...fact.numbers], seqs: [...fact.seqs] };
  return 'numbers' in fact ? { ...fact, numbers: [...fact.numbers] } : { ...fact };
}

/** Takes `next` into `last`; false when they say different things. */
function takenIn(last: LineFact, next: LineFact): boolean {
  if (last.campaignId !== next.campaignId || last.epoch !== next.epoch) return false;
  if (last.type === 'line.joined' && next.type === 'line.joined') {
    const step = last.first < 0 ? -1 : 1;
    if (next.first !== last.first + step * last.userIds.length) return false;
    if (next.keys !== null) last.keys ??= last.userIds.map(() => null);
    last.keys?.push(...(next.keys ?? next.userIds.map(() => null)));
    last.userIds.push(...next.userIds);
  } else {
    if (last.type !== next.type || !('numbers' in last) || !('numbers' in next)) return false;
    if ('why' in last && 'why' in next && last.why !== next.why) return false;
    if ('seqs' in last && 'seqs' in next) last.seqs.push(...next.seqs);
    last.numbers.push(...next.numbers);
  }
  last.at = next.at;
  return true;
}

const REFUSED_WHY: readonly unknown[] = ['ineligible', 'closed', 'sold_out'];

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);
const isListOf = (value: unknown, is: (one: unknown) => boolean): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(is);

/** What each kind of fact has beside what all have. */
const PARTS: Readonly<Record<LineFact['type'], (fact: Record<string, unknown>) => boolean>> = {
  'line.joined': ({ first, userIds, keys }) =>
    isWhole(first) &&
    first !== 0 &&
    isListOf(userIds, (id) => typeof id === 'string') &&
    (keys === null ||
      (isListOf(keys, (key) => key === null || typeof key === 'string') &&
        (keys as unknown[]).length === (userIds as unknown[]).length)),
  'line.left': ({ numbers }) => isListOf(numbers, isWhole),
  'line.released': ({ to, confirmBy }) => isWhole(to) && (confirmBy === null || isWhole(confirmBy)),
  'line.confirmed': ({ numbers }) => isListOf(numbers, isWhole),
  'line.expired': ({ numbers }) => isListOf(numbers, isWhole),
  'line.won': ({ numbers, seqs }) =>
    isListOf(numbers, isWhole) &&
    isListOf(seqs, isWhole) &&
    (seqs as unknown[]).length === (numbers as unknown[]).length,
  'line.refused': ({ numbers, why }) => isListOf(numbers, isWhole) && REFUSED_WHY.includes(why),
  'line.stretched': ({ byMs }) => isWhole(byMs),
  'line.shuffled': ({ seed, count }) =>
    typeof seed === 'string' && /^[0-9a-f]{64}$/.test(seed) && isWhole(count),
};

/** Reads a fact as it comes from a log's JSON; null when it is none. */
export function lineFactOf(value: unknown): LineFact | null {
  if (typeof value !== 'object' || value === null) return null;
  const fact = value as Record<string, unknown>;
  const { type, campaignId, epoch, at } = fact;
  if (typeof type !== 'string' || !Object.hasOwn(PARTS, type)) return null;
  if (typeof campaignId !== 'string' || !isWhole(epoch) || !isWhole(at)) return null;
  return PARTS[type as LineFact['type']](fact) ? (value as LineFact) : null;
}
