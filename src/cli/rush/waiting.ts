/** What waits for its time, soonest first: a binary heap, since a crowd that is told to come back is large. */
export class Waiting<T> {
  readonly #dues: number[] = [];
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** When the first is due; +∞ when nothing waits. */
  get nextDueMs(): number {
    return this.#dues[0] ?? Number.POSITIVE_INFINITY;
  }

  add(dueMs: number, item: T): void {
    let at = this.#items.length;
    this.#dues.push(dueMs);
    this.#items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((this.#dues[parent] ?? 0) <= dueMs) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** Takes the first that is due by now, if any. */
  take(nowMs: number): T | undefined {
    if (this.nextDueMs > nowMs) return undefined;
    const last = this.#items.length - 1;
    this.#swap(0, last);
    this.#dues.pop();
    const taken = this.#items.pop();
    this.#sink();
    return taken;
  }

  #sink(): void {
    const { length } = this.#items;
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < length && (this.#dues[child] ?? 0) < (this.#dues[least] ?? 0)) least = child;
      }
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #swap(a: number, b: number): void {
    const [dueA, dueB] = [this.#dues[a] ?? 0, this.#dues[b] ?? 0];
    this.#dues[a] = dueB;
    this.#dues[b] = dueA;
    const itemA = this.#items[a] as T;
    this.#items[a] = this.#items[b] as T;
    this.#items[b] = itemA;
  }
}
