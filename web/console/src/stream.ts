/** Server-sent events with an operator's key: the browser's own EventSource cannot carry one. */

import { useEffect, useRef, useState } from 'react';
import { key } from './api.ts';

const AGAIN_MS = 1_000;
const AGAIN_MAX_MS = 10_000;

export interface StreamState<T> {
  /** the newest of what came */
  latest: T | null;
  /** when something came last, ms of this browser's clock; null: never */
  heardAt: number | null;
  connected: boolean;
}

/**
 * Follows `path`. Events come as fast as they like; the view is told at most once a frame. `onEvent` hears each of them.
 */
export function useStream<T>(path: string | null, onEvent?: (name: string, data: T) => void): StreamState<T> {
  const [state, setState] = useState<StreamState<T>>({ latest: null, heardAt: null, connected: false });
  const hears = useRef(onEvent);
  hears.current = onEvent;
  useEffect(() => {
    if (path === null) return;
    const stop = new AbortController();
    let newest: StreamState<T> = { latest: null, heardAt: null, connected: false };
    let frame = 0;
    const show = (change: Partial<StreamState<T>>): void => {
      newest = { ...newest, ...change };
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        setState(newest);
      });
    };
    void follow(path, stop.signal, {
      opened: () => show({ connected: true }),
      closed: () => show({ connected: false }),
      event(name, text) {
        const data = JSON.parse(text) as T;
        hears.current?.(name, data);
        show({ latest: data, heardAt: Date.now() });
      },
    });
    return () => {
      stop.abort();
      cancelAnimationFrame(frame);
    };
  }, [path]);
  return state;
}

interface Hears {
  opened(): void;
  closed(): void;
  event(name: string, text: string): void;
}

async function follow(path: string, signal: AbortSignal, hears: Hears): Promise<void> {
  for (let waitMs = AGAIN_MS; !signal.aborted; waitMs = Math.min(AGAIN_MAX_MS, waitMs * 2)) {
    try {
      const headers = { authorization: `Bearer ${key.get()}`, accept: 'text/event-stream' };
      const response = await fetch(path, { headers, signal });
      if (!response.ok || response.body === null) throw new Error(String(response.status));
      hears.opened();
      waitMs = AGAIN_MS;
      for await (const [name, text] of eventsOf(response.body)) hears.event(name, text);
    } catch {
      // Told below; asked again in a moment.
    }
    if (signal.aborted) return;
    hears.closed();
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<[string, string]> {
  const reader = body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      let name = 'message';
      const data: string[] = [];
      for (const line of block.split('\n')) {
        if (line.startsWith('event:')) name = line.slice(6).trim();
        if (line.startsWith('data:')) data.push(line.slice(5).trimStart());
      }
      if (data.length > 0) yield [name, data.join('\n')];
    }
  }
}
