/**
 * Load for benchmarks: keep-alive connections in a closed loop, one request each at a time, written and read with as
 * little work as possible, so that the server is what is measured. Runs as its own process; prints one JSON line.
 *
 *   node bench/generator.ts '{"port":8080,"campaign":"c","connections":64,"seconds":3,"prefix":"a"}'
 */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

export interface Load {
  port: number;
  /** further servers; connections are spread over all of them */
  morePorts?: readonly number[];
  campaign: string;
  connections: number;
  /** stop after so long … */
  seconds?: number;
  /** … or after so many requests */
  count?: number;
  /** users are `<prefix>-<number>`, every one new, starting at `first` */
  prefix: string;
  first?: number;
  /**
   * Presses a second in all, evenly; else as fast as answers come. A press that goes late, because no connection was
   * free, has waited since it was due.
   */
  rate?: number;
  /** a file with a path on each line, asked for by GET in turn, instead of presses */
  pathsFile?: string;
  /** a press that has to wait asks for its verdict before the next one, and both count as one */
  untilVerdict?: boolean;
}

export interface LoadResult {
  requests: number;
  seconds: number;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  statuses: Record<string, number>;
  /** when the last answer had come, epoch ms */
  endedAt: number;
  /** CPU that the generator itself has used, µs */
  cpuMicros: number;
}

const PAD = 10;

const BROWSER =
  'User-Agent: Mozilla/5.0 (Linux; Android 15; SM-S931N) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36\r\n' +
  'Accept: application/json\r\nAccept-Language: ko-KR,ko;q=0.9\r\nAccept-Encoding: gzip, deflate, br\r\n';

const getText = (port: number, path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${BROWSER}\r\n`;

/** Makes the bytes of the next request, every one another. */
function requests(load: Load): () => Buffer {
  if (load.pathsFile !== undefined) {
    const paths = readFileSync(load.pathsFile, 'utf8').trim().split('\n');
    const texts = paths.map((path) => Buffer.from(getText(load.port, path)));
    let next = 0;
    return () => texts[next++ % texts.length] as Buffer;
  }
  const body = `{"userId":"${load.prefix}-${'0'.repeat(PAD)}"}`;
  const head =
    `POST /v1/campaigns/${load.campaign}/claims HTTP/1.1\r\nHost: 127.0.0.1:${load.port}\r\n${BROWSER}` +
    `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
  const bytes = Buffer.from(head + body);
  const at = bytes.length - 2 - PAD;
  let user = load.first ?? 0;
  return () => {
    const request = Buffer.from(bytes);
    request.write(String(user).padStart(PAD, '0'), at, 'latin1');
    user += 1;
    return request;
  };
}

/** What a request still has to ask before it is done; null: nothing. */
function asksOn(load: Load, answer: string, request: Buffer): Buffer | null {
  if (load.untilVerdict !== true || !answer.includes('"verdict":"pending"')) return null;
  const ticket = /"ticket":"([^"]+)"/.exec(answer)?.[1];
  const user =
    /"userId":"([^"]+)"/.exec(request.toString('latin1'))?.[1] ??
    /userId=([^ &]+)/.exec(request.toString('latin1'))?.[1];
  const path = `/v1/campaigns/${load.campaign}/claims/${ticket}?userId=${user}&wait=5s`;
  return Buffer.from(getText(load.port, path));
}

/** What all connections of a load have in common. */
interface Under {
  load: Load;
  next(): Buffer;
  began: number;
  until: number;
  sent: number;
  /** connections that have nothing to do before the next press is due */
  idle: (() => void)[];
  latencies: number[];
  statuses: Record<string, number>;
}

/** Runs the load in this process. */
export async function generate(load: Load): Promise<LoadResult> {
  const ports = [load.port, ...(load.morePorts ?? [])];
  const sockets = Array.from({ length: load.connections }, (_, nth) =>
    connect({ port: ports[nth % ports.length] as number, host: '127.0.0.1', noDelay: true }),
  );
  // A rate begins when all connections stand: they are not what is measured.
  if (load.rate !== undefined) await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const began = performance.now();
  const until = load.seconds === undefined ? Number.POSITIVE_INFINITY : began + load.seconds * 1000;
  const under: Under = {
    load,
    next: requests(load),
    began,
    until,
    sent: 0,
    idle: [],
    latencies: [],
    statuses: {},
  };
  await Promise.all(sockets.map((socket) => runConnection(under, socket)));
  const endedAt = Date.now();
  const cpu = process.cpuUsage();
  const seconds = (performance.now() - began) / 1000;
  return {
    ...spread(under.latencies),
    requests: under.latencies.length,
    seconds,
    perSecond: under.latencies.length / seconds,
    statuses: under.statuses,
    endedAt,
    cpuMicros: cpu.user + cpu.system,
  };
}

/** When the next request is due by the rate; −∞ without one. */
function dueAt({ load: { rate }, began, sent }: Under): number {
  return rate === undefined ? Number.NEGATIVE_INFINITY : began + (1000 * sent) / rate;
}

/** One timer for all who wait until a press is due. */
function rest(under: Under, press: () => void): void {
  under.idle.push(press);
  if (under.idle.length > 1) return;
  const wake = (): void => {
    const isOver = performance.now() >= under.until;
    for (const one of under.idle.splice(0, isOver ? under.idle.length : 0)) one();
    while (under.idle.length > 0 && dueAt(under) <= performance.now()) under.idle.shift()?.();
    if (under.idle.length > 0) setTimeout(wake, 1);
  };
  setTimeout(wake, 1);
}

/** One keep-alive connection in a closed loop. */
function runConnection(under: Under, socket: Socket): Promise<void> {
  const { load, latencies, statuses } = under;
  return new Promise((resolve, reject) => {
    let pressedAt = 0;
    let had = '';
    let request: Buffer = Buffer.alloc(0);
    const press = (): void => {
      const due = dueAt(under);
      const now = performance.now();
      if (now < due && now < under.until) return rest(under, press);
      if (now >= under.until || under.sent >= (load.count ?? Number.POSITIVE_INFINITY)) {
        socket.destroy();
        resolve();
        return;
      }
      under.sent += 1;
      pressedAt = Number.isFinite(due) ? due : now;
      request = under.next();
      socket.write(request);
    };
    if (socket.connecting) socket.once('connect', press);
    else press();
    socket.on('data', (chunk) => {
      had += chunk.toString('latin1');
      const headEnd = had.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const mark = had.search(/content-length: /i);
      const length = Number.parseInt(had.slice(mark + 16, mark + 24), 10);
      if (had.length < headEnd + 4 + length) return;
      const status = had.slice(9, 12);
      const more = asksOn(load, had.slice(headEnd + 4), request);
      had = '';
      if (more !== null) {
        request = more;
        socket.write(more);
        return;
      }
      statuses[status] = (statuses[status] ?? 0) + 1;
      latencies.push(performance.now() - pressedAt);
      press();
    });
    socket.on('error', reject);
  });
}

function spread(latencies: number[]): Pick<LoadResult, 'p50Ms' | 'p99Ms' | 'maxMs'> {
  const sorted = Float64Array.from(latencies).sort();
  const quantile = (q: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
  return { p50Ms: quantile(0.5), p99Ms: quantile(0.99), maxMs: quantile(1) };
}

if (import.meta.main)
  process.stdout.write(`${JSON.stringify(await generate(JSON.parse(process.argv[2] ?? '{}') as Load))}\n`);
