/** Questions that are answered together: what comes while others are being answered waits for the next turn, with all like it. */

interface Waiting<Q, A> {
  question: Q;
  resolve(answer: A): void;
  reject(error: unknown): void;
}

export interface TogetherOptions {
  /** questions in one turn */
  most: number;
  /** turns at once */
  lanes: number;
}

/** `answerAll` answers questions in their order; when it fails, all that were asked in that turn do. */
export function together<Q, A>(
  { most, lanes }: TogetherOptions,
  answerAll: (questions: readonly Q[]) => Promise<readonly A[]>,
): (question: Q) => Promise<A> {
  const queue: Waiting<Q, A>[] = [];
  let running = 0;

  async function lane(): Promise<void> {
    for (let some = queue.splice(0, most); some.length > 0; some = queue.splice(0, most)) {
      try {
        const answers = await answerAll(some.map(({ question }) => question));
        for (const [i, { resolve }] of some.entries()) resolve(answers[i] as A);
      } catch (error) {
        for (const { reject } of some) reject(error);
      }
    }
  }

  return (question) =>
    new Promise((resolve, reject) => {
      queue.push({ question, resolve, reject });
      if (running === lanes) return;
      running += 1;
      void lane().finally(() => {
        running -= 1;
      });
    });
}
