// Protects: claims on their way to Redis. Each is answered exactly once and in its order, calls stay small and few, an
// idle lane does not wait, a full one says so, and a call without an answer is never taken for a decision.

import { describe, expect, it } from 'vitest';
import { UNAVAILABLE } from '../../src/adapters/redis/answers.ts';
import { BATCH_MAX, type CallOutcome, makeLane } from '../../src/adapters/redis/batcher.ts';
import type { Attempt } from '../../src/core/gate.ts';
import type { GateAnswer } from '../../src/ports/gate.ts';
import { sampleAttempt } from '../support/samples.ts';

interface Sent {
  batch: readonly Attempt[];
  come: (outcome: CallOutcome) => Promise<void>;
}

/** A lane whose calls wait until the test lets them come back. */
function lane(waitingMax = 1_000_000) {
  const sent: Sent[] = [];
  const told: { userId: string; given: GateAnswer }[] = [];
  let turns: (() => void)[] = [];
  const state = { open: true };
  const made = makeLane({
    call: (batch) => {
      return new Promise((resolve) => {
        const come = async (outcome: CallOutcome) => {
          resolve(outcome);
          await new Promise((wake) => setImmediate(wake));
        };
        sent.push({ batch, come });
      });
    },
    open: () => state.open,
    afterTurn: (run) => turns.push(run),
    waitingMax,
  });
  let users = 0;
  return {
    sent,
    told,
    state,
    lane: made,
    press: (count = 1): void => {
      for (let i = 0; i < count; i++) {
        const attempt = sampleAttempt(`u-${users++}`);
        made.claim(attempt, (given) => told.push({ userId: attempt.userId, given }));
      }
    },
    turn: (): void => {
      const due = turns;
      turns = [];
      for (const run of due) run();
    },
  };
}

/** Each is told the number in his own name, so that a mixed-up answer shows. */
function answered(batch: readonly Attempt[]): CallOutcome {
  return {
    kind: 'answered',
    answers: batch.map(({ userId }) => ({ verdict: 'already_won', seq: Number(userId.slice(2)), wonAt: 0 })),
  };
}

const comeBack = (one: Sent | undefined) => (one as Sent).come(answered((one as Sent).batch));
const verdicts = (told: { given: GateAnswer }[]) => told.map(({ given }) => given.verdict);

describe('a lane', () => {
  it('sends what one turn brought in one call, without a timer', () => {
    const { sent, press, turn } = lane();
    press(3);
    expect(sent).toHaveLength(0);
    turn();
    expect(sent.map(({ batch }) => batch.length)).toEqual([3]);
  });

  it('lets those who come meanwhile travel in the next call', async () => {
    const { sent, press, turn } = lane();
    press();
    turn();
    press(5);
    turn();
    expect(sent).toHaveLength(1);
    await comeBack(sent[0]);
    expect(sent.map(({ batch }) => batch.length)).toEqual([1, 5]);
  });

  it('keeps at most four calls of 128 in flight', async () => {
    const { sent, told, press, turn } = lane();
    press(1000);
    turn();
    expect(sent.map(({ batch }) => batch.length)).toEqual([128, 128, 128, 128]);
    await comeBack(sent[2]);
    expect(sent).toHaveLength(5);
    for (let i = 0; i < sent.length; i++) if (i !== 2) await comeBack(sent[i]);
    expect(told).toHaveLength(1000);
    expect(sent.every(({ batch }) => batch.length <= BATCH_MAX)).toBe(true);
  });

  it('gives everybody his own answer, once', async () => {
    const { sent, told, press, turn } = lane(300);
    for (let round = 0; round < 40; round++) {
      press(round * 7);
      turn();
      while (sent.length > 0) await comeBack(sent.shift());
    }
    expect(new Set(told.map(({ userId }) => userId)).size).toBe(told.length);
    expect(told.length).toBe((39 * 40 * 7) / 2);
    for (const { userId, given } of told) {
      expect(given).toMatchObject({ verdict: 'already_won', seq: Number(userId.slice(2)) });
    }
  });

  it('refuses at once when too many wait', () => {
    const { told, press, turn, lane: one } = lane(100);
    press(101);
    expect(verdicts(told)).toEqual(['overloaded']);
    expect(one.waiting()).toBe(100);
    turn();
    expect(one.waiting()).toBe(0);
  });

  it('sends nothing while there is no connection', () => {
    const { sent, told, press, turn, state } = lane();
    state.open = false;
    press(2);
    turn();
    expect(sent).toHaveLength(0);
    expect(verdicts(told)).toEqual(['unavailable', 'unavailable']);
  });

  it('tells a refused call to those who were in it', async () => {
    const { sent, told, press, turn } = lane();
    press(2);
    turn();
    await sent[0]?.come({ kind: 'refused', with: UNAVAILABLE });
    expect(verdicts(told)).toEqual(['unavailable', 'unavailable']);
    press();
    turn();
    expect(sent).toHaveLength(2);
  });
});

describe('a call that nobody answers', () => {
  it('is unknown to those in it, and keeps nobody else waiting', async () => {
    const { sent, told, press, turn } = lane();
    press(2);
    turn();
    press(3);
    await sent[0]?.come({ kind: 'silent' });
    expect(verdicts(told).sort()).toEqual([
      'unavailable',
      'unavailable',
      'unavailable',
      'unknown',
      'unknown',
    ]);
    expect(sent).toHaveLength(1);
  });

  it('leaves one call at a time, until one comes through', async () => {
    const { sent, told, press, turn } = lane();
    press();
    turn();
    await sent[0]?.come({ kind: 'silent' });
    press(300);
    turn();
    expect(sent.map(({ batch }) => batch.length)).toEqual([1, 128]);
    press(2);
    expect(verdicts(told)).toEqual(['unknown', 'unavailable', 'unavailable']);
    await comeBack(sent[1]);
    expect(sent.map(({ batch }) => batch.length)).toEqual([1, 128, 128]);
    press(500);
    expect(sent).toHaveLength(6);
  });
});

describe('two lanes', () => {
  it('do not wait for each other', () => {
    const crowded = lane(100);
    const quiet = lane(100);
    crowded.press(5000);
    crowded.turn();
    quiet.press();
    quiet.turn();
    expect(quiet.sent).toHaveLength(1);
    expect(quiet.told).toHaveLength(0);
  });
});
