/** What the table of the modes is made of: pairs out of order counted as they are, figures read from where they stand. */
import { describe, expect, it } from 'vitest';
import { factsIn } from '../../src/cli/compare/parts.ts';
import { cpuMsOf } from '../../src/cli/compare/processes.ts';
import { inversionsIn } from '../../src/cli/rush/fairness.ts';
import { randomFrom } from '../../src/cli/rush/random.ts';

describe('inversions', () => {
  it('are the pairs that stand in the wrong order', () => {
    const count = (...numbers: number[]) =>
      inversionsIn(
        numbers,
        numbers.map((_, i) => i),
        0,
      );
    expect(count()).toBe(0);
    expect(count(1, 2, 3)).toBe(0);
    expect(count(3, 2, 1)).toBe(3);
    expect(count(2, 1, 2)).toBe(1);
    expect(inversionsIn([3, 2, 1], [0, 2, 5], 5)).toBe(1);
    expect(inversionsIn([3, 2, 1], [0, 0, 0], 0)).toBe(3);
    const random = randomFrom(3);
    for (let length = 1; length < 40; length++) {
      const numbers = Array.from({ length }, () => Math.floor(random() * length));
      let naive = 0;
      for (let a = 0; a < length; a++) {
        for (let b = a + 1; b < length; b++) if ((numbers[a] ?? 0) > (numbers[b] ?? 0)) naive++;
      }
      expect(count(...numbers)).toBe(naive);
    }
  });
});

describe('figures of a server', () => {
  it('are added up over the two logs, and null where there are none', () => {
    const metrics =
      '# HELP dibs_log_facts_total x\ndibs_log_facts_total 40\ndibs_requests_total{topic="v1"} 2\nother 9\n';
    expect(factsIn(metrics)).toBe(42);
    expect(factsIn('dibs_ready 1\n')).toBeNull();
  });

  it('hold the CPU of a process and of what it started, where it can be read', () => {
    const own = cpuMsOf([process.pid]);
    if (process.platform === 'linux') expect(own).toBeGreaterThan(0);
    expect(cpuMsOf([])).toBeNull();
    expect(cpuMsOf([2 ** 30])).toBeNull();
  });
});
