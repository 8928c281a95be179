/**
 * Files of the pages, read once at the start and answered from memory: with an ETag, compressed as the build left them,
 * and with all their headers made beforehand, so that an answer costs little more than its bytes.
 */

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problem } from '../core/problem.ts';
import { sendProblem } from './problem.ts';
import type { FlatHeaders, RawAnswers, RawAsk } from './raw-answer.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
};

/** As the build names what never changes under its name. */
const HASHED = /^assets\/.+-[\w-]{8}\.\w+$/;
const FOREVER = 'public, max-age=31536000, immutable';

/** One form of a file: as it is, or compressed. */
interface Form {
  body: Buffer;
  headers: Record<string, string | number>;
  /** both again, as an answer by hand wants them: with its head before it, a string is one write */
  flat: FlatHeaders;
  text: string;
}

export interface Asset {
  body: Buffer;
  etag: string;
  plain: Form;
  br: Form | null;
  gzip: Form | null;
  /** of a 304 */
  same: Record<string, string>;
}

export interface AssetLook {
  type: string;
  br?: Buffer | null;
  gzip?: Buffer | null;
  /** default: asked for anew each time */
  cacheControl?: string;
  /** further headers, e.g. a page's policy */
  more?: Record<string, string>;
  /** what an answer depends on beside the encoding */
  vary?: string;
}

export function makeAsset(body: Buffer, look: AssetLook): Asset {
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const same = {
    etag,
    'cache-control': look.cacheControl ?? 'no-cache',
    vary: look.vary ? `accept-encoding, ${look.vary}` : 'accept-encoding',
    'x-content-type-options': 'nosniff',
    ...look.more,
  };
  const form = (bytes: Buffer, encoding: string | null): Form => {
    const headers = {
      ...same,
      'content-type': look.type,
      'content-length': bytes.length,
      ...(encoding === null ? {} : { 'content-encoding': encoding }),
    };
    return { body: bytes, headers, flat: Object.entries(headers).flat(), text: bytes.toString('latin1') };
  };
  return {
    body,
    etag,
    plain: form(body, null),
    br: look.br ? form(look.br, 'br') : null,
    gzip: look.gzip ? form(look.gzip, 'gzip') : null,
    same,
  };
}

/** Every servable file below a folder, by its path with slashes; `lookOf` adds what a name asks for. */
export function readAssets(
  folder: string,
  wanted: (name: string) => boolean = () => true,
  lookOf: (name: string, body: Buffer) => Partial<AssetLook> = () => ({}),
): Map<string, Asset> {
  const found = new Map<string, Asset>();
  if (!existsSync(folder)) return found;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path).split(sep).join('/');
    if (!wanted(name)) continue;
    const body = readFileSync(path);
    const kept = HASHED.test(name) ? { cacheControl: FOREVER } : {};
    const look = {
      type,
      br: beside(`${path}.br`),
      gzip: beside(`${path}.gz`),
      ...kept,
      ...lookOf(name, body),
    };
    found.set(name, makeAsset(body, look));
  }
  return found;
}

const beside = (path: string): Buffer | null => (existsSync(path) ? readFileSync(path) : null);

export function sendAsset(
  request: FastifyRequest,
  reply: FastifyReply,
  file: Asset | undefined,
): FastifyReply {
  if (!file) return sendProblem(reply, problem('not_found'));
  const { 'if-none-match': known, 'accept-encoding': encodings = '' } = request.headers;
  if (known === file.etag) return reply.code(304).headers(file.same).send();
  const form = formFor(file, String(encodings));
  return reply.headers(form.headers).send(form.body);
}

/** The same past fastify, for what everybody in a crowd loads at once. */
export function writeAsset(raw: RawAnswers, ask: RawAsk, file: Asset): void {
  const { 'if-none-match': known, 'accept-encoding': encodings = '' } = ask.req.headers;
  if (known === file.etag) return raw.write(ask, 304, Object.entries(file.same).flat(), '');
  const { flat, text } = formFor(file, String(encodings));
  return raw.write(ask, 200, flat.slice(), text, 'latin1');
}

/** The smallest that the client understands. Browsers leave brotli out where the connection is not encrypted. */
function formFor(file: Asset, encodings: string): Form {
  if (file.br && encodings.includes('br')) return file.br;
  if (file.gzip && encodings.includes('gzip')) return file.gzip;
  return file.plain;
}
