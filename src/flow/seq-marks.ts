/** Which numbers of a campaign are known to be on the log: a bit each, so that a million cost 125 kB. */

export class SeqMarks {
  #bits = new Uint8Array(128);

  has(seq: number): boolean {
    return ((this.#bits[seq >> 3] ?? 0) & (1 << (seq & 7))) !== 0;
  }

  add(seq: number): void {
    const at = seq >> 3;
    if (at >= this.#bits.length) {
      const wider = new Uint8Array(Math.max(2 * this.#bits.length, at + 1));
      wider.set(this.#bits);
      this.#bits = wider;
    }
    this.#bits[at] = (this.#bits[at] as number) | (1 << (seq & 7));
  }
}
