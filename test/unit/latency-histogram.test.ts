// Protects: percentiles of waiting times are within 2.2 % of the true ones, and those of many processes add up.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bucketEndMs, LatencyHistogram } from '../../src/core/latency-histogram.ts';

const times = fc.array(fc.double({ min: 0.002, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 200 });

it('finds every percentile within 2.3 %', () => {
  fc.assert(
    fc.property(times, fc.double({ min: 0, max: 1, noNaN: true }), (all, share) => {
      const histogram = new LatencyHistogram();
      for (const ms of all) histogram.add(ms);
      const sorted = [...all].sort((a, b) => a - b);
      const exact = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
      expect(Math.abs((histogram.percentile(share) as number) / exact - 1)).toBeLessThan(0.023);
    }),
  );
});

it('adds up over processes, through JSON, and leaves out what is no bucket', () => {
  fc.assert(
    fc.property(times, times, (here, there) => {
      const [a, b, all] = [new LatencyHistogram(), new LatencyHistogram(), new LatencyHistogram()];
      for (const ms of here) a.add(ms);
      for (const ms of there) b.add(ms);
      for (const ms of [...here, ...there]) all.add(ms);
      a.merge(JSON.parse(JSON.stringify(b.stored())) as [number, number][]);
      a.merge([
        [-1, 5],
        [1e9, 5],
        [3, 0],
      ]);
      expect(a.stored()).toEqual(all.stored());
      expect(a.total).toBe(here.length + there.length);
    }),
  );
});

it('says nothing of nothing, and takes what is too short or too long', () => {
  const histogram = new LatencyHistogram();
  expect([histogram.percentile(0.5), histogram.max()]).toEqual([null, null]);
  histogram.add(0);
  histogram.add(Number.NaN);
  histogram.add(1e12);
  expect(histogram.total).toBe(3);
  expect(histogram.max()).toBeLessThan(bucketEndMs(500));
});
