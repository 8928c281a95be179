/**
 * One keep-alive HTTP/1.1 connection, as small as it can be: one request at a time, written as one string; the
 * answer read into one buffer, of which only the status line, the length and the body are looked at. A general
 * client costs several times as much per request, and a generator that is slower than the server measures itself.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { monotonicMs } from '../clock.ts';
import type { Lost } from './answer.ts';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** What a connection tells its owner. */
export interface ConnectionEvents {
  /** Connected, or answered: ready for the next request. Not called after `lost`. */
  ready(connection: Connection): void;
  /** @param head the header block, status line included; @param body as latin1 */
  answered(connection: Connection, status: number, head: string, body: string): void;
  /** Gone; `reason` matters when a request was under way. A new one has to be made. */
  lost(connection: Connection, reason: Lost): void;
}

/** When to cut: as soon as the request has left, or when the answer arrives, unread. */
export type CutAt = 'sent' | 'answered' | null;

const readBufferBytes = 8192;

export class Connection {
  busy = true;
  sentMs = 0;
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  #cutAt: CutAt = null;
  #rest = '';
  #connected = false;
  #reason: Lost = 'connection_lost';

  constructor(target: Target, events: ConnectionEvents) {
    this.#events = events;
    const onread = {
      buffer: Buffer.allocUnsafeSlow(readBufferBytes),
      callback: (bytes: number, buffer: Uint8Array): boolean => {
        this.#read((buffer as Buffer).toString('latin1', 0, bytes));
        return true;
      },
    };
    const where = { host: target.host, port: target.port, onread };
    this.#socket = target.tls ? connectTls({ ...where, servername: target.host }) : connectTcp(where);
    this.#socket.setNoDelay(true);
    this.#socket.once(target.tls ? 'secureConnect' : 'connect', () => {
      this.#connected = true;
      this.busy = false;
      events.ready(this);
    });
    this.#socket.on('error', () => {});
    this.#socket.once('close', () => events.lost(this, this.#connected ? this.#reason : 'unreachable'));
  }

  /** Sends a request that is already in HTTP form. Only when not busy. */
  send(request: string, cutAt: CutAt): void {
    this.busy = true;
    this.#cutAt = cutAt;
    this.sentMs = monotonicMs();
    if (cutAt === 'sent') this.#socket.write(request, 'latin1', () => this.end('cut'));
    else this.#socket.write(request, 'latin1');
  }

  /** Breaks the connection off; `lost` follows with this reason. */
  end(reason: Lost): void {
    if (!this.#socket.destroyed) this.#reason = reason;
    this.#socket.destroy();
  }

  #read(chunk: string): void {
    if (this.#socket.destroyed) return;
    if (this.#cutAt !== null) {
      this.end('cut');
      return;
    }
    const text = this.#rest === '' ? chunk : this.#rest + chunk;
    const headEnd = text.indexOf('\r\n\r\n');
    if (headEnd < 0) {
      this.#rest = text;
      return;
    }
    const head = text.slice(0, headEnd);
    const status = Number(text.slice(9, 12));
    const bodyFrom = headEnd + 4;
    const body = bodyOf(status, head, text, bodyFrom);
    if (body === 'broken' || !(status >= 100)) {
      this.end('bad_http');
      return;
    }
    if (body === null) {
      this.#rest = text;
      return;
    }
    this.#rest = '';
    if (status < 200) return;
    this.busy = false;
    this.#events.answered(this, status, head, body.text);
    if (closes(head)) this.end('connection_lost');
    else if (!this.busy) this.#events.ready(this);
  }
}

const closes = (head: string): boolean => /\r\nconnection: *close/i.test(head);

/** The body once it is here in full; null while some of it is missing. */
function bodyOf(
  status: number,
  head: string,
  text: string,
  from: number,
): { text: string } | null | 'broken' {
  if (status === 204 || status === 304 || status < 200) return { text: '' };
  const length = contentLength(head);
  if (length >= 0) return text.length < from + length ? null : { text: text.slice(from, from + length) };
  return /\r\ntransfer-encoding: *chunked/i.test(head) ? unchunk(text, from) : 'broken';
}

/** Both spellings that servers send are found without a regular expression; −1 when there is none. */
function contentLength(head: string): number {
  let at = head.indexOf('\r\ncontent-length: ');
  if (at < 0) at = head.indexOf('\r\nContent-Length: ');
  if (at < 0) return Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? -1);
  return Number.parseInt(head.slice(at + 18, at + 30), 10);
}

function unchunk(text: string, from: number): { text: string } | null | 'broken' {
  let body = '';
  let at = from;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (Number.isNaN(size)) return 'broken';
    const next = lineEnd + 2 + size + 2;
    if (text.length < next) return null;
    if (size === 0) return { text: body };
    body += text.slice(lineEnd + 2, next - 2);
    at = next;
  }
}
