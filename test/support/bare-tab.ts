/**
 * A tab as a person has it: nothing is attached to what it opens. Playwright watches each page of its contexts, and shows
 * it as the one in front, which costs more than the page itself when there are hundreds.
 */

import type { Browser } from 'playwright-core';

export interface BareTab {
  /** What an expression gives in the tab, awaited; its exception is thrown. */
  evaluate<T>(expression: string): Promise<T>;
  /** The tab, and all that it opened, are gone. */
  close(): Promise<void>;
}

interface Told {
  id?: number;
  result?: { result?: { value?: unknown }; exceptionDetails?: { text: string } };
}

/** A tab at `url`, on a device of its own. */
export async function openBareTab(browser: Browser, url: string): Promise<BareTab> {
  const tools = await browser.newBrowserCDPSession();
  const { browserContextId } = await tools.send('Target.createBrowserContext');
  const { targetId } = await tools.send('Target.createTarget', { url, browserContextId });
  const { sessionId } = await tools.send('Target.attachToTarget', { targetId, flatten: false });
  const waiting = new Map<number, (told: Told) => void>();
  let asked = 0;
  tools.on('Target.receivedMessageFromTarget', ({ message }) => {
    const told = JSON.parse(message) as Told;
    waiting.get(told.id ?? 0)?.(told);
    waiting.delete(told.id ?? 0);
  });

  async function evaluate<T>(expression: string): Promise<T> {
    const id = ++asked;
    const params = { expression, awaitPromise: true, returnByValue: true };
    const answer = new Promise<Told>((resolve) => waiting.set(id, resolve));
    const message = JSON.stringify({ id, method: 'Runtime.evaluate', params });
    await tools.send('Target.sendMessageToTarget', { sessionId, message });
    const { result } = await answer;
    if (result === undefined || result.exceptionDetails) throw new Error(result?.exceptionDetails?.text);
    return result.result?.value as T;
  }

  return {
    evaluate,
    async close() {
      await tools.send('Target.disposeBrowserContext', { browserContextId });
      await tools.detach();
    },
  };
}
