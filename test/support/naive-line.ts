// The waiting line once more, as simple as it can be told: one list of people, walked through for every question. Nothing
// of src is shared but the lot that a user draws. Lines are held against it.

export interface Person {
  user: string;
  key: string | null;
  /** 0: none yet */
  number: number;
  stage: string;
  seq: number;
  confirmBy: number;
}

export interface NaiveLine {
  people: Person[];
  /** whose turn at the gate it is */
  turns: Person[];
  quantity: number;
  startsAt: number | null;
  closesAt: number | null;
  pausedAt: number | null;
  maxLength: number | null;
  cutAt: number | null;
  confirmWithinMs: number | null;
  keeps: boolean;
  shuffle: boolean;
  clock: number;
  serving: number;
}

const count = (line: NaiveLine, ...stages: string[]) =>
  line.people.filter(({ stage }) => stages.includes(stage)).length;
const closed = (line: NaiveLine) => line.closesAt !== null && line.clock >= line.closesAt;
const started = (line: NaiveLine) => line.startsAt !== null && line.clock >= line.startsAt;
const soldOut = (line: NaiveLine) => !line.keeps && count(line, 'won') >= line.quantity;
/** Somebody's latest place. */
export const lastOf = (line: NaiveLine, user: string) => line.people.findLast((one) => one.user === user);

/** What time brings about. `lotOf` puts users in an order that nobody chose. */
export function naiveTime(line: NaiveLine, now: number, lotOf: (user: string) => string): void {
  line.clock = Math.max(line.clock, now);
  if (line.shuffle && started(line)) {
    line.shuffle = false;
    line.people = line.people.filter(({ stage }) => stage === 'waiting');
    line.people.sort((a, b) => (lotOf(a.user) < lotOf(b.user) ? -1 : 1));
    for (const [i, one] of line.people.entries()) one.number = i + 1;
  }
  if (line.pausedAt !== null || closed(line)) return;
  for (const one of line.people) {
    if (one.stage === 'offered' && line.clock >= one.confirmBy) one.stage = 'expired';
  }
}

/** The answer to a press: a stage, `joined`, `confirmed` or a refusal. */
export function naivePress(
  line: NaiveLine,
  user: string,
  key: string | null,
  ok: boolean,
  another: boolean,
): string {
  const mine = lastOf(line, user);
  if (mine?.stage === 'won' && !another) return 'won';
  if (mine?.stage === 'released') return 'released';
  if (mine?.stage === 'waiting' || mine?.stage === 'offered') {
    if (closed(line)) return 'closed';
    if (mine.stage === 'waiting') return soldOut(line) ? 'sold_out' : 'waiting';
    mine.stage = 'released';
    line.turns.push(mine);
    return 'confirmed';
  }
  if (!ok) return 'ineligible';
  if (line.pausedAt !== null) return 'paused';
  if (closed(line)) return 'closed';
  if (!started(line) && (line.startsAt === null || !line.shuffle)) return 'not_open';
  if (soldOut(line)) return 'sold_out';
  if (line.maxLength !== null && count(line, 'waiting') >= line.maxLength) return 'line_full';
  const before = count(line, 'waiting', 'offered', 'released');
  if (line.cutAt !== null && before >= line.cutAt * (line.quantity - count(line, 'won'))) return 'no_chance';
  const number = line.shuffle ? 0 : line.people.filter((one) => one.number > 0).length + 1;
  line.people.push({ user, key, number, stage: 'waiting', seq: 0, confirmBy: 0 });
  return 'joined';
}

export function naiveLeave(line: NaiveLine, user: string): boolean {
  const mine = lastOf(line, user);
  if (mine?.stage !== 'waiting' && mine?.stage !== 'offered') return false;
  mine.stage = 'left';
  return true;
}

/** Lets people in; how many. */
export function naiveRelease(line: NaiveLine, budget: number, eligible: (user: string) => boolean): number {
  if (line.pausedAt !== null || closed(line) || !started(line)) return 0;
  let letIn = 0;
  for (const one of line.people) {
    if (letIn === budget || count(line, 'won', 'offered', 'released') >= line.quantity) break;
    if (one.stage !== 'waiting') continue;
    if (eligible(one.user)) {
      one.stage = line.confirmWithinMs === null ? 'released' : 'offered';
      one.confirmBy = line.clock + (line.confirmWithinMs ?? 0);
      line.serving = one.number;
      if (one.stage === 'released') line.turns.push(one);
      letIn += 1;
    } else one.stage = 'ineligible';
  }
  return letIn;
}

/** What is told of a place: stage, number, people ahead, seq, until when to press once more. */
export function naiveStanding(
  line: NaiveLine,
  mine: Person | undefined,
): [string, ...(number | null)[]] | null {
  if (mine === undefined || (mine.number === 0 && mine.stage === 'left')) return null;
  let { stage } = mine;
  if (stage === 'waiting' && soldOut(line)) stage = 'sold_out';
  if ((stage === 'waiting' || stage === 'offered') && closed(line)) stage = 'closed';
  if (mine.number === 0) return [stage, null, null, null, null];
  const ahead = line.people.filter((one) => one.stage === 'waiting' && one.number < mine.number).length;
  const confirmBy = mine.stage === 'offered' ? mine.confirmBy : null;
  return [stage, mine.number, stage === 'waiting' ? ahead : 0, mine.seq === 0 ? null : mine.seq, confirmBy];
}
