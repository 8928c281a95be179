// A question to Redis over a bare socket, for what starting one needs (is it ready, form a cluster). Clients that
// reconnect and queue would hide exactly what is asked here.

import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

const ANSWER_MAX_MS = 2_000;

export interface Door {
  port: number;
  password?: string | undefined;
  tls?: boolean | undefined;
}

/** Sends one inline command; resolves with the answer's text (errors begin with `-`), `null` when there is none. */
export function askRedis({ port, password, tls = false }: Door, command: string): Promise<string | null> {
  const socket = tls
    ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
    : connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    let text = '';
    const end = (answer: string | null) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(ANSWER_MAX_MS, () => end(null));
    socket.on('error', () => end(null)).on('close', () => end(null));
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const body = password === undefined ? text : text.slice(text.indexOf('\r\n') + 2);
      const answer = whole(body);
      if (answer !== null) end(answer);
    });
    socket.write(`${password === undefined ? '' : `AUTH ${password}\r\n`}${command}\r\n`);
  });
}

/** The answer, once all of it is there: a line, or a text of the length that the first line says. */
function whole(text: string): string | null {
  const end = text.indexOf('\r\n');
  if (end === -1) return null;
  if (!text.startsWith('$')) return text.slice(0, end);
  const length = Number(text.slice(1, end));
  const body = Buffer.from(text).subarray(end + 2);
  return body.length >= length ? body.subarray(0, length).toString() : null;
}
