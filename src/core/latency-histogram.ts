/**
 * Waiting times in logarithmic buckets, sixteen to a doubling: any percentile is off by at most 2.2 %, histograms of many
 * processes add up, and a measurement is one increment.
 */

const PER_DOUBLING = 16;
/** From one microsecond to 67 seconds; what is longer is in the last one. */
const BUCKETS = 26 * PER_DOUBLING + 1;

/** Counts by bucket, as pairs: small, and JSON. */
export type StoredHistogram = [bucket: number, count: number][];

export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;

  /** measurements in all */
  get total(): number {
    return this.#total;
  }

  add(ms: number, count = 1): void {
    this.#put(bucketOf(ms), count);
  }

  #put(bucket: number, count: number): void {
    this.#counts[bucket] = (this.#counts[bucket] as number) + count;
    this.#total += count;
  }

  /** Takes another one in. What is no histogram of this shape is left out. */
  merge(stored: StoredHistogram): void {
    for (const [bucket, count] of stored) {
      if (Number.isInteger(bucket) && bucket >= 0 && bucket < BUCKETS && count > 0) this.#put(bucket, count);
    }
  }

  stored(): StoredHistogram {
    const found: StoredHistogram = [];
    this.#counts.forEach((count, bucket) => {
      if (count > 0) found.push([bucket, count]);
    });
    return found;
  }

  /** The time within which this share of all was done, ms; null when nothing was measured. */
  percentile(share: number): number | null {
    if (this.#total === 0) return null;
    const wanted = Math.max(1, Math.ceil(share * this.#total));
    let sum = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      sum += this.#counts[bucket] as number;
      if (sum >= wanted) return midOf(bucket);
    }
    return null;
  }

  /** The longest, ms; null when nothing was measured. */
  max(): number | null {
    return this.percentile(1);
  }
}

function bucketOf(ms: number): number {
  const micros = ms * 1000;
  if (!(micros > 1)) return 0;
  return Math.min(BUCKETS - 1, Math.floor(Math.log2(micros) * PER_DOUBLING) + 1);
}

/** ms below which everything of a bucket lies */
export function bucketEndMs(bucket: number): number {
  return 2 ** (bucket / PER_DOUBLING) / 1000;
}

/** Its geometric middle. */
function midOf(bucket: number): number {
  return bucket === 0 ? 0.001 : 2 ** ((bucket - 0.5) / PER_DOUBLING) / 1000;
}
