/**
 * The pages, from files that are read once at the start. Everything they need comes from here: no script, style or
 * font of another origin. A page that the build made has its own style and script inside, and a policy that lets in
 * exactly these two, by what is in them.
 */

import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { System } from '../../ports/system.ts';
import type { Asset, AssetLook } from '../asset.ts';
import { makeAsset, readAssets, sendAsset } from '../asset.ts';
import { page } from '../html.ts';

const HTML = 'text/html; charset=utf-8';
const LANGUAGES = ['ko', 'en'] as const;

/** From a cache while the server is busy; a newer one is fetched meanwhile. */
const PAGE_KEPT = 'public, max-age=60, stale-while-revalidate=604800, stale-if-error=604800';

/** @param scripts and @param styles beside those of this origin */
const policy = (scripts = '', styles = ''): string =>
  `default-src 'none'; script-src 'self'${scripts}; style-src 'self'${styles}; img-src 'self' data: blob:; ` +
  "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const pageHeaders = (own: string): Record<string, string> => ({
  'content-security-policy': own,
  'referrer-policy': 'no-referrer',
});

/** The hashes of what stands between these tags, as sources of a policy. */
function hashesOf(html: string, tag: 'script' | 'style'): string {
  const inside = [...html.matchAll(new RegExp(`<${tag}[^>]*>([^]*?)</${tag}>`, 'g'))];
  return inside
    .filter(([, text]) => text !== '')
    .map(
      ([, text]) =>
        ` 'sha256-${createHash('sha256')
          .update(text as string)
          .digest('base64')}'`,
    )
    .join('');
}

function lookOf(name: string, body: Buffer): Partial<AssetLook> {
  if (!name.endsWith('.html')) return {};
  const html = body.toString();
  const own = policy(hashesOf(html, 'script'), hashesOf(html, 'style'));
  return { more: pageHeaders(own), vary: 'accept-language', cacheControl: PAGE_KEPT };
}

/** A page by the language that is asked for first. */
type Spoken = Record<(typeof LANGUAGES)[number], Asset>;

const inLanguage = ({ 'accept-language': asked }: IncomingHttpHeaders, { ko, en }: Spoken): Asset =>
  /^\s*ko\b/i.test(asked ?? '') ? ko : en;

/** All pages and what they need, read once. */
export interface Pages {
  /** by their paths below the folder of pages */
  files: Map<string, Asset>;
  pageOf(name: string): Spoken;
  /** The page of a campaign, when it is what is asked for: a crowd loads it at once, so it is sent past fastify. */
  quick(url: string, headers: IncomingHttpHeaders): Asset | null;
}

const CAMPAIGN_PATH = /^\/c\/[a-z0-9][a-z0-9-]{0,63}(?:\?|$)/;

/**
 * The console's page. Its component library writes styles of its own at run time: each answer has a word of its own that
 * lets them in, and nothing else that is inline.
 */
function sendConsole(reply: FastifyReply, html: string, system: System): FastifyReply {
  const nonce = system.randomBytes(16).toString('base64');
  return reply
    .headers(pageHeaders(policy('', ` 'nonce-${nonce}'`)))
    .header('cache-control', 'no-store')
    .header('x-content-type-options', 'nosniff')
    .type(HTML)
    .send(html.replace('name="style-nonce" content=""', `name="style-nonce" content="${nonce}"`));
}

/** What the build made, else the sources as they are, which work the same and take more requests. */
export function readPages(webFolder: string): Pages {
  const files = readAssets(webFolder, (name) => !/^(?:console|dist)\//.test(name), lookOf);
  for (const built of ['console', 'participant']) {
    for (const [name, file] of readAssets(join(webFolder, 'dist', built), undefined, lookOf)) {
      files.set(`${built}/${name}`, file);
    }
  }
  const none = makeAsset(Buffer.from(page('Dibs', '<p>See <a href="/docs">/docs</a>.</p>')), { type: HTML });
  const pageOf = (name: string): Spoken => {
    const source = files.get(`participant/${name}.html`) ?? none;
    const [ko, en] = LANGUAGES.map((one) => files.get(`participant/${name}.${one}.html`) ?? source);
    return { ko: ko as Asset, en: en as Asset };
  };
  const campaign = pageOf('index');
  return {
    files,
    pageOf,
    quick: (url, headers) => (CAMPAIGN_PATH.test(url) ? inLanguage(headers, campaign) : null),
  };
}

export function pageRoutes(app: FastifyInstance, system: System, { files, pageOf }: Pages): void {
  const campaign = pageOf('index');
  const home = pageOf('home');
  const admin =
    files.get('console/index.html')?.body.toString() ??
    page('Dibs for operators', '<p>The console is not built here. See <a href="/docs">/docs</a>.</p>');
  const hidden = { schema: { hide: true } };
  for (const path of ['/', '/me']) {
    app.get(path, hidden, (request, reply) => sendAsset(request, reply, inLanguage(request.headers, home)));
  }
  app.get('/c/:id', hidden, (request, reply) =>
    sendAsset(request, reply, inLanguage(request.headers, campaign)),
  );
  app.get('/admin', hidden, (_request, reply) => sendConsole(reply, admin, system));
  app.get('/favicon.ico', hidden, (request, reply) => sendAsset(request, reply, files.get('icon.svg')));
  app.get('/dibs-button.js', hidden, (request, reply) =>
    sendAsset(request, reply, files.get('participant/button.js')),
  );
  app.get('/assets/*', hidden, (request, reply) => {
    const path = (request.params as { '*': string })['*'];
    return sendAsset(request, reply, path.endsWith('.html') ? undefined : files.get(path));
  });
}
