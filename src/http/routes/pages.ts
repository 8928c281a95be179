/**
 * The pages, from files that are read once at the start. Everything they need comes from here: no script, style or
 * font of another origin, nothing inline.
 */

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { problem } from '../../core/problem.ts';
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
}

function asset(body: Buffer, type: string): Asset {
  return { body, type, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}

/** Every servable file below a folder, by its path with slashes. */
function readFolder(folder: string): Map<string, Asset> {
  const found = new Map<string, Asset>();
  if (!existsSync(folder)) return found;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    found.set(relative(folder, path).split(sep).join('/'), asset(readFileSync(path), type));
  }
  return found;
}

function send(request: FastifyRequest, reply: FastifyReply, file: Asset | undefined): FastifyReply {
  if (!file) return sendProblem(reply, problem('not_found'));
  reply
    .header('etag', file.etag)
    .header('cache-control', 'no-cache')
    .header('x-content-type-options', 'nosniff');
  if (file.type.startsWith('text/html')) {
    reply.header('content-security-policy', POLICY).header('referrer-policy', 'no-referrer');
  }
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  return reply.type(file.type).send(file.body);
}

export function pageRoutes(app: FastifyInstance, webFolder: string): void {
  const files = readFolder(webFolder);
  const participant =
    files.get('participant/index.html') ??
    asset(Buffer.from(page('Dibs', '<p>See <a href="/docs">/docs</a>.</p>')), 'text/html; charset=utf-8');
  const admin =
    files.get('admin/index.html') ??
    asset(
      Buffer.from(page('Dibs for operators', '<p>See <a href="/docs">/docs</a>.</p>')),
      'text/html; charset=utf-8',
    );
  const hidden = { schema: { hide: true } };
  app.get('/', hidden, (request, reply) => send(request, reply, participant));
  app.get('/c/:id', hidden, (request, reply) => send(request, reply, participant));
  app.get('/admin', hidden, (request, reply) => send(request, reply, admin));
  app.get('/favicon.ico', hidden, (request, reply) => send(request, reply, files.get('icon.svg')));
  app.get('/assets/*', hidden, (request, reply) => {
    const path = (request.params as { '*': string })['*'];
    return send(request, reply, path.endsWith('.html') ? undefined : files.get(path));
  });
}
