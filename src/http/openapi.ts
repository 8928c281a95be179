/** /openapi.json from the schemas that validate, and /docs to read it, without anything from another origin. */

import fastifySwagger from '@fastify/swagger';
import scalar from '@scalar/fastify-api-reference';
import type { FastifyInstance } from 'fastify';
import { problemOut } from './schema.ts';

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
  await app.register(scalar, {
    routePrefix: '/docs',
    configuration: {
      url: '/openapi.json',
      withDefaultFonts: false,
      telemetry: false,
      hideClientButton: true,
    },
  } as Parameters<typeof scalar>[1]);
}
