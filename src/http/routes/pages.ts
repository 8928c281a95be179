/**
 * The pages, from files that are read once at the start. Everything they need comes from here: no script, style or
 * font of another origin, nothing inline.
 */

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { problem } from '../../core/problem.ts';
import type { System } from '../../ports/system.ts';
import { page } from '../html.ts';
import { sendProblem } from '../problem.ts';

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

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

interface Asset {
  body: Buffer;
  type: string;
  etag: string;
  /** the same, compressed with brotli; null: as it is */
  small: Buffer | null;
  /** its name changes with what is in it */
  immutable: boolean;
}

function asset(body: Buffer, type: string, small: Buffer | null = null, immutable = false): Asset {
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  return { body, type, etag, small, immutable };
}

/** Every servable file below a folder, by its path with slashes. */
function readFolder(folder: string, wanted: (name: string) => boolean = () => true): Map<string, Asset> {
  const found = new Map<string, Asset>();
  if (!existsSync(folder)) return found;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path).split(sep).join('/');
    if (!wanted(name)) continue;
    const small = existsSync(`${path}.br`) ? readFileSync(`${path}.br`) : null;
    found.set(name, asset(readFileSync(path), type, small, HASHED.test(name)));
  }
  return found;
}

/** As the build of the console names what it makes. */
const HASHED = /^assets\/.+-[\w-]{8}\.\w+$/;

function send(request: FastifyRequest, reply: FastifyReply, file: Asset | undefined): FastifyReply {
  if (!file) return sendProblem(reply, problem('not_found'));
  reply
    .header('etag', file.etag)
    .header('cache-control', file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache')
    .header('vary', 'accept-encoding')
    .header('x-content-type-options', 'nosniff');
  if (file.type.startsWith('text/html')) {
    reply.header('content-security-policy', POLICY).header('referrer-policy', 'no-referrer');
  }
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  reply.type(file.type);
  const takesSmall = file.small !== null && /\bbr\b/.test(String(request.headers['accept-encoding']));
  return takesSmall ? reply.header('content-encoding', 'br').send(file.small) : reply.send(file.body);
}

/**
 * The console's page. Its component library writes styles of its own at run time: each answer has a word of its own that
 * lets them in, and nothing else that is inline.
 */
function sendConsole(reply: FastifyReply, html: string, system: System): FastifyReply {
  const nonce = system.randomBytes(16).toString('base64');
  return reply
    .header('cache-control', 'no-store')
    .header('x-content-type-options', 'nosniff')
    .header('content-security-policy', POLICY.replace("style-src 'self'", `style-src 'self' 'nonce-${nonce}'`))
    .header('referrer-policy', 'no-referrer')
    .type('text/html; charset=utf-8')
    .send(html.replace('name="style-nonce" content=""', `name="style-nonce" content="${nonce}"`));
}

export function pageRoutes(app: FastifyInstance, system: System, webFolder: string): void {
  const files = readFolder(webFolder, (name) => !/^(?:console|dist)\//.test(name));
  for (const [name, file] of readFolder(join(webFolder, 'dist', 'console'))) files.set(`console/${name}`, file);
  const participant =
    files.get('participant/index.html') ??
    asset(Buffer.from(page('Dibs', '<p>See <a href="/docs">/docs</a>.</p>')), 'text/html; charset=utf-8');
  const admin =
    files.get('console/index.html')?.body.toString() ??
    page('Dibs for operators', '<p>The console is not built here. See <a href="/docs">/docs</a>.</p>');
  const hidden = { schema: { hide: true } };
  app.get('/', hidden, (request, reply) => send(request, reply, participant));
  app.get('/c/:id', hidden, (request, reply) => send(request, reply, participant));
  app.get('/admin', hidden, (_request, reply) => sendConsole(reply, admin, system));
  app.get('/favicon.ico', hidden, (request, reply) => send(request, reply, files.get('icon.svg')));
  app.get('/assets/*', hidden, (request, reply) => {
    const path = (request.params as { '*': string })['*'];
    return send(request, reply, path.endsWith('.html') ? undefined : files.get(path));
  });
}
