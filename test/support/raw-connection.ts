/** One TCP connection, written to by hand: for clients that leave, falter, or ask a thousand things in one breath. */

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';

export interface RawAnswer {
  status: number;
  /** names in lower case */
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

export interface RawConnection {
  socket: Socket;
  /** Resolves when the kernel has taken the bytes. */
  write(text: string): Promise<void>;
  /** The next `count` answers, in the order in which they came. Rejects when the connection ends before. */
  answers(count: number): Promise<RawAnswer[]>;
}

export async function connectRaw(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  let rest = Buffer.alloc(0);
  const read: RawAnswer[] = [];
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => undefined);
  let heard = Promise.withResolvers<void>();
  socket.on('data', (chunk) => {
    rest = takeAnswers(Buffer.concat([rest, chunk]), read);
    heard.resolve();
    heard = Promise.withResolvers();
  });
  const end = (): void => ended.reject(new Error(`the connection ended after ${read.length} more answers`));
  socket.on('error', end).on('close', end);
  return {
    socket,
    write: (text) =>
      new Promise((resolve, reject) => {
        socket.write(text, (error) => (error ? reject(error) : resolve()));
      }),
    async answers(count) {
      while (read.length < count) await Promise.race([heard.promise, ended.promise]);
      return read.splice(0, count);
    },
  };
}

/** Moves whole answers from the front of `bytes` to `into`; returns what is left. Only for answers with a length. */
function takeAnswers(bytes: Buffer, into: RawAnswer[]): Buffer<ArrayBuffer> {
  let left = Buffer.from(bytes);
  for (;;) {
    const headEnd = left.indexOf('\r\n\r\n');
    if (headEnd < 0) return left;
    const [statusLine = '', ...lines] = left.toString('latin1', 0, headEnd).split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const end = headEnd + 4 + Number(headers['content-length'] ?? 0);
    if (left.length < end) return left;
    const text = left.toString('utf8', headEnd + 4, end);
    const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
    into.push({ status: Number(statusLine.split(' ')[1]), headers, body });
    left = left.subarray(end);
  }
}

/** A press as it goes over the wire. */
export function pressText(campaignId: string, userId: string, requestId = 'r'): string {
  const body = JSON.stringify({ userId });
  const head = [
    `POST /v1/campaigns/${campaignId}/claims HTTP/1.1`,
    'Host: dibs.test',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}
