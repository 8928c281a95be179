/** Answers written past fastify, by hand: one head, one body. For the two calls that come in floods, presses and polls. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Problem } from '../core/problem.ts';
import { authenticateHeader, PROBLEM_TYPE, renderProblem } from './problem.ts';

export const JSON_TYPE = 'application/json; charset=utf-8';

/** A request that is answered by hand. */
export interface RawAsk {
  req: IncomingMessage;
  res: ServerResponse;
  requestId: string;
}

export interface RawAnswerParts {
  /** headers for a page of another origin, or null */
  crossOrigin: ((origin: string) => string[] | null) | null;
  /** true once the process is leaving: every answer closes its connection */
  leaving: { now: boolean };
}

/** Names and values in turn. */
export type FlatHeaders = (string | number)[];

export class RawAnswers {
  readonly #parts: RawAnswerParts;

  constructor(parts: RawAnswerParts) {
    this.#parts = parts;
  }

  /** `headers` has the length of the body already. */
  write(
    { req, res, requestId }: RawAsk,
    status: number,
    headers: FlatHeaders,
    body: string,
    encoding: 'utf8' | 'latin1' = 'utf8',
  ): void {
    const { leaving, crossOrigin } = this.#parts;
    headers.push('X-Request-Id', requestId);
    if (leaving.now) headers.push('Connection', 'close');
    const { origin } = req.headers;
    if (origin !== undefined && crossOrigin !== null) headers.push(...(crossOrigin(origin) ?? []));
    res.writeHead(status, headers as string[]);
    res.end(body, encoding);
  }

  /** A body of JSON; `headers` are added to. */
  json(ask: RawAsk, status: number, headers: FlatHeaders, body: string): void {
    const bytes = Buffer.byteLength(body);
    headers.push('Content-Type', JSON_TYPE, 'Content-Length', bytes);
    // As many bytes as letters: ASCII, which needs no encoding.
    this.write(ask, status, headers, body, bytes === body.length ? 'latin1' : 'utf8');
  }

  /** `close`: nothing more is read from this connection. */
  problem(ask: RawAsk, what: Problem, close = false): void {
    const { status, body, retryAfter } = renderProblem(what, ask.requestId);
    const headers: FlatHeaders = ['Content-Type', PROBLEM_TYPE, 'Content-Length', Buffer.byteLength(body)];
    if (retryAfter !== null) headers.push('Retry-After', retryAfter);
    if (status === 401) headers.push('WWW-Authenticate', authenticateHeader(what));
    if (close && !this.#parts.leaving.now) headers.push('Connection', 'close');
    this.write(ask, status, headers, body);
  }
}
