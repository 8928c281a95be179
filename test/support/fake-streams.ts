// Streams of server-sent events whose other end is a test.

import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { LiveCampaign } from '../../src/flow/catalog.ts';
import type { Streams } from '../../src/http/sse.ts';

export interface FakeStream {
  /** all that was written to it */
  text(): string;
  /** seqs of the verdicts that it was told, in order */
  seqs(): number[];
  leave(): void;
}

class FakeResponse extends EventEmitter {
  destroyed = false;
  writableLength = 0;
  written = '';
  write(text: string): boolean {
    this.written += text;
    return true;
  }
  end(text = ''): void {
    this.written += text;
    this.emit('close');
  }
}

/** Opens a stream as a person's page does. */
export function openStream(streams: Streams, live: LiveCampaign, userId: string, toldSeq = 0): FakeStream {
  const response = new FakeResponse();
  const taken = streams.open(live, userId, response as unknown as ServerResponse, '', {
    toldSeq,
    settledAt: 0,
  });
  if (!taken) throw new Error(`no room for a stream of ${userId}`);
  return {
    text: () => response.written,
    seqs: () => [...response.written.matchAll(/"seq":(\d+)/g)].map(([, seq]) => Number(seq)),
    leave: () => void response.emit('close'),
  };
}
