/**
 * How many of the first n are marked, in O(log n), with a mark in O(log n): a Fenwick tree that grows at its end. It is
 * what makes `ahead` cheap: a million people in line ask each two seconds, and any of them may leave.
 */

export class PrefixCounts {
  /** sums[i] counts the marks of i's own span: the (i & -i) places up to i */
  #sums = new Int32Array(1024);
  #length = 0;

  /** How many places there are. */
  get length(): number {
    return this.#length;
  }

  /** Makes places up to `length`, unmarked. */
  grow(length: number): void {
    if (length >= this.#sums.length) {
      const wider = new Int32Array(Math.max(2 * this.#sums.length, length + 1));
      wider.set(this.#sums);
      this.#sums = wider;
    }
    // A new place's span may reach back over marked ones.
    for (let at = this.#length + 1; at <= length; at++) this.#sums[at] = this.#spanBefore(at);
    this.#length = Math.max(this.#length, length);
  }

  #spanBefore(at: number): number {
    const begin = at - (at & -at);
    let sum = 0;
    for (let i = at - 1; i > begin; i -= i & -i) sum += this.#sums[i] as number;
    return sum;
  }

  /** Marks place `at` (1 … length); once, by its caller's promise. */
  mark(at: number): void {
    for (let i = at; i <= this.#length; i += i & -i) this.#sums[i] = (this.#sums[i] as number) + 1;
  }

  /** Marks among the places 1 … `at`. */
  upTo(at: number): number {
    let sum = 0;
    for (let i = at; i > 0; i -= i & -i) sum += this.#sums[i] as number;
    return sum;
  }
}
