/** Operators' own affairs: keys and the audit log. */

import type { FastifyInstance } from 'fastify';
import type { Campaign } from '../../core/campaign.ts';
import { problem } from '../../core/problem.ts';
import { mintKey } from '../../flow/operator-key.ts';
import type { AuditLine, OperatorKey, Role } from '../../ports/operators.ts';
import type { HttpContext } from '../context.ts';
import { pageOf } from '../context.ts';
import { sendProblem } from '../problem.ts';
import { idParams, listOf, newKeyBody, openOut, pageQuery, problemOut } from '../schema.ts';
import { lifeBody, timeOrNull, timeText } from '../wire.ts';
import { needs } from './admin.ts';

const TAG = ['operators'];

export function operatorRoutes(app: FastifyInstance, context: HttpContext): void {
  keyRoutes(app, context);
  auditRoute(app, context);
}

/** A key without its hash. */
function keyBody(key: OperatorKey): Record<string, unknown> {
  const { id, name, role, createdAt, revokedAt } = key;
  return { id, name, role, createdAt: timeText(createdAt), revokedAt: timeOrNull(revokedAt) };
}

function keyRoutes(app: FastifyInstance, context: HttpContext): void {
  const { operators, system } = context.parts;
  const onRequest = needs(context, 'admin');

  function line(action: string, target: string, after: unknown, actor: string, requestId: string): AuditLine {
    return { at: system.now(), actor, action, target, before: null, after, requestId };
  }

  app.post(
    '/v1/admin/keys',
    {
      schema: {
        tags: TAG,
        summary: 'Make an operator key; its secret is shown once',
        body: newKeyBody,
        response: { 201: openOut, 403: problemOut },
      },
      onRequest,
    },
    async (request, reply) => {
      const { name, role } = request.body as { name: string; role: Role };
      const { key, secret } = mintKey(name, role, system);
      await operators.addKey(key, line('key.create', key.id, keyBody(key), request.operatorId, request.id));
      context.operatorAuth.forget();
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ ...keyBody(key), key: secret });
    },
  );

  app.get(
    '/v1/admin/keys',
    { schema: { tags: TAG, summary: 'Operator keys', response: { 200: listOf(openOut) } }, onRequest },
    async (_request, reply) => {
      const keys = await operators.listKeys();
      return reply.header('cache-control', 'no-store').send({ items: keys.map(keyBody), next: null });
    },
  );

  app.delete(
    '/v1/admin/keys/:id',
    {
      schema: {
        tags: TAG,
        summary: 'Revoke an operator key',
        params: idParams,
        response: { 204: { type: 'null' }, 404: problemOut },
      },
      onRequest,
    },
    async (request, reply) => {
      const { id } = request.params as { id: string };
      const revoked = await operators.revokeKey(
        id,
        line('key.revoke', id, null, request.operatorId, request.id),
      );
      context.operatorAuth.forget();
      return revoked ? reply.code(204).send() : sendProblem(reply, problem('key_not_found'));
    },
  );
}

function auditRoute(app: FastifyInstance, context: HttpContext): void {
  const list = 'audit';
  app.get(
    '/v1/admin/audit',
    {
      schema: {
        tags: TAG,
        summary: 'Who changed what, newest first',
        querystring: pageQuery,
        response: { 200: listOf(openOut) },
      },
      onRequest: needs(context, 'admin'),
    },
    async (request, reply) => {
      const page = pageOf(context, request, list);
      if ('code' in page) return sendProblem(reply, page);
      const found = await context.parts.operators.listAudit(page.after as number | null, page.limit + 1);
      const shown = found.slice(0, page.limit);
      const last = shown.at(-1);
      const next = found.length > page.limit && last ? context.cursors.write(list, last.id) : null;
      return reply.header('cache-control', 'no-store').send({ items: shown.map(lineBody), next });
    },
  );
}

function isCampaign(value: unknown): value is Campaign {
  return typeof value === 'object' && value !== null && 'perUserLimit' in value && 'updatedAt' in value;
}

/** Times as text, campaigns as operators write them. */
function lineBody(line: object): Record<string, unknown> {
  const out: Record<string, unknown> = { ...line };
  for (const name of ['before', 'after']) {
    const value = out[name];
    if (isCampaign(value)) out[name] = lifeBody(value);
  }
  const { at } = out;
  if (typeof at === 'number') out['at'] = timeText(at);
  return out;
}
