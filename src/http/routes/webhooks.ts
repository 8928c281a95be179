/** Webhooks: who is told of what, how it went, and sending again. Secrets are shown once. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { OUTBOX_TYPES } from '../../core/event.ts';
import { problem } from '../../core/problem.ts';
import { readSaid } from '../../core/said.ts';
import { DELIVERY_STATES, type DeliveryState, type WebhookAnswer } from '../../core/webhook.ts';
import {
  type EndpointDefinition,
  type EndpointDone,
  OVERLAP_SECONDS,
  type SecretTold,
  type WebhookFlow,
} from '../../flow/webhooks.ts';
import type { Delivery } from '../../ports/deliveries.ts';
import type { Endpoint } from '../../ports/webhooks.ts';
import type { HttpContext } from '../context.ts';
import { ProblemError, pageOf } from '../context.ts';
import { sendProblem } from '../problem.ts';
import { idParams, listOf, oneOf, openOut, orNull, pageQuery, problemOut } from '../schema.ts';
import { timeOrNull, timeText } from '../wire.ts';
import { needs } from './admin.ts';
import { actorOf } from './campaigns.ts';

const TAG = ['operators'];
const STRICT = { additionalProperties: false };
const PATH = '/v1/admin/webhooks';

const filter = {
  facts: Type.Optional(
    orNull(Type.Array(oneOf(OUTBOX_TYPES), { minItems: 1, uniqueItems: true, description: 'null: all' })),
  ),
  campaigns: Type.Optional(
    orNull(
      Type.Array(Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' }), {
        minItems: 1,
        maxItems: 1000,
        uniqueItems: true,
        description: 'ids; null: all',
      }),
    ),
  ),
  description: Type.Optional(Type.String({ maxLength: 500 })),
};
const url = Type.String({ minLength: 1, maxLength: 2048, description: 'https://…' });
const secret = Type.Optional(
  Type.String({
    maxLength: 100,
    description: '`whsec_` and the base64 of 24 to 64 bytes; without it one is made',
  }),
);
const newBody = Type.Object({ url, ...filter, secret }, STRICT);
const patchBody = Type.Object({ url: Type.Optional(url), ...filter }, { ...STRICT, minProperties: 1 });
const rotateBody = Type.Object(
  {
    secret,
    overlapSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 2_592_000,
        default: OVERLAP_SECONDS,
        description: 'how long the secret before signs beside the new one',
      }),
    ),
  },
  STRICT,
);
const deliveryParams = Type.Object({ id: Type.String(), delivery: Type.String() });
const deliveriesQuery = Type.Object({
  ...(pageQuery as { properties: object }).properties,
  state: Type.Optional(oneOf(DELIVERY_STATES)),
});

interface Handler {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  summary: string;
  role: 'read' | 'operate' | 'admin';
  schema?: object;
  bodyOptional?: true;
  answers: object;
  run(flow: WebhookFlow, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply>;
}

export function webhookRoutes(app: FastifyInstance, context: HttpContext): void {
  for (const handler of [...endpointRoutes(), ...actRoutes(), ...deliveryRoutes(context)]) {
    const { method, path, summary, role, schema = {}, answers, bodyOptional, run } = handler;
    app.route({
      method,
      url: PATH + path,
      schema: {
        tags: TAG,
        summary,
        ...(path.includes(':') ? { params: idParams } : {}),
        ...schema,
        response: answers,
      },
      ...(bodyOptional ? { config: { body: 'optional' } } : {}),
      onRequest: needs(context, role),
      handler: (request, reply) => {
        const flow = context.parts.webhooks;
        if (!flow) throw new ProblemError(problem('webhook_not_found', 'This server sends no webhooks.'));
        return run(flow, request, reply.header('cache-control', 'no-store'));
      },
    });
  }
}

const idOf = (request: FastifyRequest): string => (request.params as { id: string }).id;
const NOT_FOUND = problem('webhook_not_found');
const FOUND = { 200: openOut, 404: problemOut };

function endpointRoutes(): Handler[] {
  return [
    {
      method: 'POST',
      path: '',
      summary: 'Add a webhook; its secret is shown once',
      role: 'admin',
      schema: { body: newBody },
      answers: { 201: openOut, 400: problemOut, 409: problemOut },
      async run(flow, request, reply) {
        const done = await flow.add(request.body as EndpointDefinition, actorOf(request));
        if (done.kind === 'done') reply.header('location', `${PATH}/${done.endpoint.id}`);
        return tellSecret(reply, done, 201);
      },
    },
    {
      method: 'GET',
      path: '',
      summary: 'Webhooks, oldest first',
      role: 'read',
      answers: { 200: listOf(openOut) },
      run: async (flow, _request, reply) =>
        reply.send({ items: (await flow.list()).map(endpointBody), next: null }),
    },
    {
      method: 'GET',
      path: '/:id',
      summary: 'One webhook',
      role: 'read',
      answers: FOUND,
      async run(flow, request, reply) {
        const endpoint = await flow.get(idOf(request));
        return endpoint ? reply.send(endpointBody(endpoint)) : sendProblem(reply, NOT_FOUND);
      },
    },
    {
      method: 'PATCH',
      path: '/:id',
      summary: 'Change address, filter or description of a webhook',
      role: 'admin',
      schema: { body: patchBody },
      answers: { ...FOUND, 400: problemOut },
      run: async (flow, request, reply) =>
        tellEndpoint(
          reply,
          await flow.change(idOf(request), request.body as Partial<EndpointDefinition>, actorOf(request)),
        ),
    },
    {
      method: 'DELETE',
      path: '/:id',
      summary: 'Remove a webhook with its deliveries',
      role: 'admin',
      answers: { 204: { type: 'null' }, 404: problemOut },
      run: async (flow, request, reply) =>
        (await flow.remove(idOf(request), actorOf(request)))
          ? reply.code(204).send()
          : sendProblem(reply, NOT_FOUND),
    },
  ];
}

function actRoutes(): Handler[] {
  const states = (['enable', 'disable'] as const).map(
    (act): Handler => ({
      method: 'POST',
      path: `/:id/${act}`,
      summary: act === 'enable' ? 'Send again to a webhook that was disabled' : 'Send nothing to a webhook',
      role: 'operate',
      schema: { body: Type.Object({}, STRICT) },
      bodyOptional: true,
      answers: FOUND,
      run: async (flow, request, reply) =>
        tellEndpoint(
          reply,
          await flow.setState(idOf(request), act === 'enable' ? 'enabled' : 'disabled', actorOf(request)),
        ),
    }),
  );
  return [
    ...states,
    {
      method: 'POST',
      path: '/:id/rotate',
      summary: 'Give a webhook a new secret, shown once; the one before signs too for a while',
      role: 'admin',
      schema: { body: rotateBody },
      bodyOptional: true,
      answers: FOUND,
      run: async (flow, request, reply) =>
        tellSecret(
          reply,
          await flow.rotate(idOf(request), request.body as { overlapSeconds?: number }, actorOf(request)),
          200,
        ),
    },
    {
      method: 'POST',
      path: '/:id/test',
      summary: 'Send `webhook.test` now, and see the answer',
      role: 'operate',
      schema: { body: Type.Object({}, STRICT) },
      bodyOptional: true,
      answers: FOUND,
      async run(flow, request, reply) {
        const answer = await flow.test(idOf(request), actorOf(request));
        if (answer === null) return sendProblem(reply, NOT_FOUND);
        return reply.send({ ok: answer.error === null, ...answerBody(answer) });
      },
    },
  ];
}

function deliveryRoutes(context: HttpContext): Handler[] {
  return [
    {
      method: 'GET',
      path: '/:id/deliveries',
      summary: 'Deliveries to a webhook with their answers, newest first',
      role: 'operate',
      schema: { querystring: deliveriesQuery },
      answers: { 200: listOf(openOut), 404: problemOut },
      async run(flow, request, reply) {
        const id = idOf(request);
        if ((await flow.get(id)) === null) return sendProblem(reply, NOT_FOUND);
        const { state = null } = request.query as { state?: DeliveryState };
        const list = `webhook-deliveries ${id} ${state ?? ''}`;
        const page = pageOf(context, request, list);
        if ('code' in page) return sendProblem(reply, page);
        const found = await flow.deliveries(id, state, page.after as number | null, page.limit + 1);
        const shown = found.slice(0, page.limit);
        const last = shown.at(-1);
        const next = found.length > page.limit && last ? context.cursors.write(list, last.id) : null;
        return reply.send({ items: shown.map(deliveryBody), next });
      },
    },
    {
      method: 'POST',
      path: '/:id/deliveries/:delivery/resend',
      summary: 'Send a delivery again, whatever became of it',
      role: 'operate',
      schema: { params: deliveryParams, body: Type.Object({}, STRICT) },
      bodyOptional: true,
      answers: { 202: openOut, 404: problemOut },
      async run(flow, request, reply) {
        const { id, delivery } = request.params as { id: string; delivery: string };
        const known = /^[1-9]\d{0,14}$/.test(delivery);
        const found = known && (await flow.resend(id, Number(delivery), actorOf(request)));
        if (!found) return sendProblem(reply, problem('delivery_not_found'));
        return reply.code(202).send({ id: Number(delivery), state: 'pending' });
      },
    },
  ];
}

function tellEndpoint(reply: FastifyReply, done: EndpointDone): FastifyReply {
  if (done.kind === 'refused') return sendProblem(reply, done.problem);
  return reply.send(endpointBody(done.endpoint));
}

function tellSecret(reply: FastifyReply, done: SecretTold, status: number): FastifyReply {
  if (done.kind === 'refused') return sendProblem(reply, done.problem);
  return reply.code(status).send({ ...endpointBody(done.endpoint), secret: done.secret });
}

function endpointBody(endpoint: Endpoint): Record<string, unknown> {
  const { secrets: _, version: __, disabledAt, createdAt, updatedAt, ...told } = endpoint;
  return {
    ...told,
    whySaid: readSaid(told.why),
    disabledAt: timeOrNull(disabledAt),
    createdAt: timeText(createdAt),
    updatedAt: timeText(updatedAt),
  };
}

function answerBody({ at, status, ms, error, body }: WebhookAnswer): Record<string, unknown> {
  return { at: timeText(at), status, ms, error, body };
}

function deliveryBody(delivery: Delivery): Record<string, unknown> {
  const { id, eventId, type, campaignId, orderKey, state, tries, at, answers, createdAt } = delivery;
  return {
    ...{ id, eventId, type, campaignId, claimId: orderKey === campaignId ? null : orderKey, state, tries },
    createdAt: timeText(createdAt),
    nextTryAt: state === 'pending' ? timeText(at) : null,
    settledAt: state === 'pending' ? null : timeText(at),
    answers: answers.map(answerBody),
  };
}
