/** /openapi.json from the schemas that validate, and /docs to read it, without anything from another origin. */

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import fastifySwagger from '@fastify/swagger';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { escapeHtml } from './html.ts';
import { problemOut } from './schema.ts';

const SETTINGS = {
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  agent: { disabled: true },
};

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Dibs API</title>
</head>
<body>
<script id="api-reference" data-url="/openapi.json" data-configuration="${escapeHtml(JSON.stringify(SETTINGS))}"></script>
<script src="/docs/reader.js"></script>
</body>
</html>
`;

/** The reader writes its own styles into the page; everything else is only ours. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
  "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; frame-ancestors 'none'";

/** Has to be called before the routes are made. */
export async function describeApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Dibs',
        version,
        description: 'First come, first served, exactly. Errors are application/problem+json; see /problems.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: 'people', description: 'Calls of people' },
        { name: 'operators', description: 'Calls of operators; they need an operator key' },
        { name: 'service', description: 'The server itself' },
      ],
      components: {
        securitySchemes: {
          operatorKey: { type: 'http', scheme: 'bearer', description: 'An operator key' },
          user: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'With DIBS_AUTH=jwt' },
        },
      },
    },
    transform: ({ schema, url, route }) => {
      const forOperators = url.startsWith('/v1/admin/');
      const response = {
        ...(schema?.response as object | undefined),
        ...(forOperators ? { 401: problemOut, 403: problemOut } : {}),
        default: problemOut,
      };
      const security = forOperators
        ? [{ operatorKey: [] }]
        : url.startsWith('/v1/')
          ? [{}, { user: [] }]
          : [];
      return { schema: { ...schema, response, security } as typeof schema, url: route.url };
    },
  });
  readingRoutes(app);
}

/** The reader's page: one script of the package, read when somebody asks for it, and no word to another origin. */
function readingRoutes(app: FastifyInstance): void {
  const hidden = { schema: { hide: true } };
  const show = (_request: FastifyRequest, reply: FastifyReply): FastifyReply =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', POLICY).send(PAGE);
  app.get('/docs', hidden, show);
  app.get('/docs/', hidden, show);
  app.get('/docs/reader.js', hidden, async (_request, reply) => {
    const entry = createRequire(import.meta.url).resolve('@scalar/fastify-api-reference');
    const script = await readFile(join(dirname(entry), 'js', 'standalone.js'));
    return reply
      .type('text/javascript; charset=utf-8')
      .header('cache-control', 'public, max-age=3600')
      .send(script);
  });
}
