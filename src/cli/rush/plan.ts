/** What a crowd will do, decided before it starts: who presses in which order, who twice, who asks again. */
import { randomFrom, shuffle } from './random.ts';

/** The wishes of whoever sends the crowd. Shares are already counts of people. */
export interface CrowdOptions {
  readonly users: number;
  readonly userPrefix: string;
  /** Claims each person makes, each with an Idempotency-Key of its own; 1 sends no key. */
  readonly claimsPerUser: number;
  /** People who press twice at once. */
  readonly doublePressers: number;
  /** People who ask again after they had their answer. */
  readonly askers: number;
  /** Share of tries whose connection is cut before the answer is read. */
  readonly cutRatio: number;
  readonly seed: number;
  /** How people behave who have to wait; absent: all of them wait, and ask when they are told to. */
  readonly waiting?: WaitingOptions;
}

/** Counts of people; the rest waits as it is told. */
export interface WaitingOptions {
  /** Leave the line. */
  readonly leavers: number;
  /** Of those, how many come back and press again. */
  readonly returners: number;
  /** Ask far more often than they are told to. */
  readonly hasty: number;
  /** Do not press once more when they are let in (campaigns that ask for it). */
  readonly noShows: number;
}

/** One press: whose, for which of his claims, and what its person will do. */
export interface Press {
  readonly user: number;
  readonly claim: number;
  /** He asks again once answered. */
  readonly asksAgain: boolean;
  readonly leaves: boolean;
  readonly comesBack: boolean;
  readonly hasty: boolean;
  readonly noShow: boolean;
}

export interface Plan {
  readonly length: number;
  pressAt(index: number): Press;
}

/** The same options give the same plan. The second press of a person stands right behind his first. */
export function planCrowd(options: CrowdOptions): Plan {
  const { users, claimsPerUser } = options;
  const random = randomFrom(options.seed);
  const doubles = pick(users, options.doublePressers, random);
  const askers = pick(users, options.askers, random);
  const order = shuffle(
    Uint32Array.from({ length: users * claimsPerUser }, (_, i) => i),
    random,
  );
  const presses = new Uint32Array(order.length + options.doublePressers * claimsPerUser);
  let length = 0;
  for (const press of order) {
    presses[length++] = press;
    if (doubles[Math.floor(press / claimsPerUser)]) presses[length++] = press;
  }
  const ways = waysOf(options, doubles, random);
  return {
    length,
    pressAt(index) {
      const press = presses[index] ?? 0;
      const user = Math.floor(press / claimsPerUser);
      const claim = claimsPerUser > 1 ? (press % claimsPerUser) + 1 : 0;
      const way = ways?.[user] ?? 0;
      return {
        ...{ user, claim, asksAgain: askers[user] === 1 && presses[index - 1] !== press },
        ...{ leaves: (way & leaves) > 0, comesBack: (way & comesBack) > 0 },
        ...{ hasty: (way & hasty) > 0, noShow: (way & noShow) > 0 },
      };
    },
  };
}

const [leaves, comesBack, hasty, noShow] = [1, 2, 4, 8];

/** How each person waits, as bits. Who presses twice stays: the other press would hear of a place that is no more. */
function waysOf(options: CrowdOptions, doubles: Uint8Array, random: () => number): Uint8Array | null {
  const { users, waiting } = options;
  if (!waiting) return null;
  const ways = new Uint8Array(users);
  let returning = waiting.returners;
  for (const [user, picked] of pick(users, waiting.leavers, random).entries()) {
    if (picked === 0 || doubles[user] === 1) continue;
    ways[user] = leaves | (returning > 0 ? comesBack : 0);
    returning--;
  }
  const impatient = pick(users, waiting.hasty, random);
  const absent = pick(users, waiting.noShows, random);
  for (let user = 0; user < users; user++) {
    ways[user] = (ways[user] ?? 0) | (impatient[user] ? hasty : 0) | (absent[user] ? noShow : 0);
  }
  return ways;
}

function pick(users: number, count: number, random: () => number): Uint8Array {
  const picked = new Uint8Array(users);
  const order = shuffle(
    Uint32Array.from({ length: users }, (_, i) => i),
    random,
  );
  for (const user of order.subarray(0, count)) picked[user] = 1;
  return picked;
}

/** "0.2" and "20%" are shares of `total`, a whole number is a count; null when it is neither. */
export function countOf(text: string, total: number): number | null {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text);
  if (percent) return atMost(total, Math.round((Number(percent[1]) / 100) * total));
  if (/^\d+$/.test(text)) return atMost(total, Number(text));
  if (/^[01]?\.\d+$/.test(text)) return atMost(total, Math.round(Number(text) * total));
  return null;
}

const atMost = (total: number, count: number): number => Math.min(total, count);
