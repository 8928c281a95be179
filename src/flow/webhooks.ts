/** What operators do with webhook endpoints: add, change, rotate the secret, try, look at deliveries, send again. */

import type { OutboxType } from '../core/event.ts';
import { type Problem, problem } from '../core/problem.ts';
import { said } from '../core/said.ts';
import type { DeliveryState, WebhookAnswer } from '../core/webhook.ts';
import { WEBHOOK_TEST, webhookBody, webhookKey } from '../core/webhook.ts';
import type { Deliveries, Delivery } from '../ports/deliveries.ts';
import type { AuditLine } from '../ports/operators.ts';
import type { System } from '../ports/system.ts';
import type { WebhookSender } from '../ports/webhook-sender.ts';
import type { Endpoint, Webhooks } from '../ports/webhooks.ts';
import { sendWebhook } from './send-webhook.ts';
import { makeSecretSeal, mintWebhookSecret, type SecretInForce, type SecretSeal } from './webhook-secret.ts';

export const ENDPOINTS_MAX = 50;
/** How long the secret before goes on signing when nobody says otherwise. */
export const OVERLAP_SECONDS = 86_400;
const TRIES = 5;
/** Deliveries that are deleted in one statement: a removal of a million holds nobody up. */
const FORGET_MAX = 2_000;

export interface WebhookParts {
  webhooks: Webhooks;
  deliveries: Deliveries;
  sender: Pick<WebhookSender, 'refusal' | 'send'>;
  system: System;
  master: Buffer;
  userAgent: string;
}

export interface Actor {
  id: string;
  requestId: string | null;
}

export interface EndpointDefinition {
  url: string;
  description?: string | undefined;
  facts?: OutboxType[] | null | undefined;
  campaigns?: string[] | null | undefined;
  /** one that the receiver has already; else one is made */
  secret?: string | undefined;
}

export type Refused = { kind: 'refused'; problem: Problem };
export type EndpointDone = { kind: 'done'; endpoint: Endpoint } | Refused;
export type SecretTold = { kind: 'done'; endpoint: Endpoint; secret: string } | Refused;

export interface WebhookFlow {
  add(given: EndpointDefinition, by: Actor): Promise<SecretTold>;
  list(): Promise<Endpoint[]>;
  get(id: string): Promise<Endpoint | null>;
  change(id: string, given: Partial<EndpointDefinition>, by: Actor): Promise<EndpointDone>;
  rotate(
    id: string,
    given: { secret?: string | undefined; overlapSeconds?: number | undefined },
    by: Actor,
  ): Promise<SecretTold>;
  setState(id: string, state: Endpoint['state'], by: Actor): Promise<EndpointDone>;
  remove(id: string, by: Actor): Promise<boolean>;
  /** Sends a `webhook.test` now, also to an endpoint that is disabled. Null: there is no such endpoint. */
  test(id: string, by: Actor): Promise<WebhookAnswer | null>;
  deliveries(
    id: string,
    state: DeliveryState | null,
    before: number | null,
    limit: number,
  ): Promise<Delivery[]>;
  resend(id: string, delivery: number, by: Actor): Promise<boolean>;
}

const refused = (what: Problem): Refused => ({ kind: 'refused', problem: what });
const NOT_FOUND = refused(problem('webhook_not_found'));

export function makeWebhookFlow(parts: WebhookParts): WebhookFlow {
  const { webhooks, deliveries, system, master } = parts;
  const seal = makeSecretSeal(master, system);
  return {
    ...managing(parts, seal),
    list: () => webhooks.list(),
    get: (id) => webhooks.get(id),
    async test(id, by) {
      const endpoint = await webhooks.get(id);
      if (endpoint === null) return null;
      const now = system.now();
      const eventId = `${WEBHOOK_TEST}:${id}:${system.randomBytes(6).toString('hex')}`;
      const body = webhookBody(WEBHOOK_TEST, now, { endpointId: id, by: by.id });
      return (await sendWebhook({ ...parts, seal }, endpoint, eventId, body)).answer;
    },
    deliveries: (id, state, before, limit) => deliveries.list(id, state, before, limit),
    resend: (id, delivery, by) =>
      deliveries.resend(id, delivery, system.now(), auditLine(parts, 'resend', id, by, null, { delivery })),
  };
}

type Managing = Pick<WebhookFlow, 'add' | 'change' | 'rotate' | 'setState' | 'remove'>;

/** Every change, each with its line in the audit log. */
function managing(parts: WebhookParts, seal: SecretSeal): Managing {
  const { webhooks, deliveries, system } = parts;
  return {
    async add(given, by) {
      const wrong = secretProblem(given.secret) ?? (await urlProblem(parts, given.url));
      if (wrong !== null) return wrong;
      const secret = given.secret ?? mintWebhookSecret(system);
      const endpoint = newEndpoint(parts, seal, given, secret);
      const line = auditLine(parts, 'add', endpoint.id, by, null, shown(endpoint));
      const added = await webhooks.add(endpoint, ENDPOINTS_MAX, line);
      return added ? { kind: 'done', endpoint, secret } : refused(problem('too_many_webhooks'));
    },
    async change(id, given, by) {
      const wrong = given.url === undefined ? null : await urlProblem(parts, given.url);
      return wrong ?? alter(parts, id, 'change', by, () => definedOf(given));
    },
    async rotate(id, { secret = mintWebhookSecret(system), overlapSeconds = OVERLAP_SECONDS }, by) {
      const wrong = secretProblem(secret);
      if (wrong !== null) return wrong;
      const until = system.now() + overlapSeconds * 1000;
      const done = await alter(parts, id, 'rotate', by, ({ secrets }) => {
        const [newest] = opened(seal, id, secrets);
        const before = newest && overlapSeconds > 0 ? [{ secret: newest.secret, until }] : [];
        return { secrets: seal.seal(id, [{ secret, until: null }, ...before]) };
      });
      return done.kind === 'done' ? { ...done, secret } : done;
    },
    setState: (id, state, by) =>
      alter(parts, id, state === 'enabled' ? 'enable' : 'disable', by, () =>
        state === 'enabled'
          ? { state, why: null, disabledAt: null }
          : { state, why: said('hook_by_operator'), disabledAt: system.now() },
      ),
    async remove(id, by) {
      const now = await webhooks.get(id);
      const line = auditLine(parts, 'remove', id, by, now && shown(now), null);
      if (now === null || !(await webhooks.remove(id, line))) return false;
      while ((await deliveries.forget(id, FORGET_MAX)) === FORGET_MAX);
      return true;
    },
  };
}

function newEndpoint(
  { system }: WebhookParts,
  seal: SecretSeal,
  { url, description = '', facts = null, campaigns = null }: EndpointDefinition,
  secret: string,
): Endpoint {
  const id = `wh_${system.randomBytes(8).toString('hex')}`;
  const now = system.now();
  return {
    ...{ id, version: 1, url, description, facts, campaigns },
    secrets: seal.seal(id, [{ secret, until: null }]),
    ...{ state: 'enabled', why: null, disabledAt: null, createdAt: now, updatedAt: now },
  };
}

/** Somebody else may change it in between: then it is changed from what it is by then. */
async function alter(
  parts: WebhookParts,
  id: string,
  action: string,
  by: Actor,
  next: (now: Endpoint) => Partial<Endpoint>,
): Promise<EndpointDone> {
  const { webhooks, system } = parts;
  for (let i = 0; i < TRIES; i++) {
    const now = await webhooks.get(id);
    if (now === null) return NOT_FOUND;
    const changed = { ...now, ...next(now), version: now.version + 1, updatedAt: system.now() };
    if (await webhooks.put(changed, auditLine(parts, action, id, by, shown(now), shown(changed))))
      return { kind: 'done', endpoint: changed };
  }
  return refused(problem('precondition_failed'));
}

function auditLine(
  { system }: WebhookParts,
  action: string,
  target: string,
  by: Actor,
  before: unknown,
  after: unknown,
): AuditLine {
  const { id: actor, requestId } = by;
  return { at: system.now(), actor, action: `webhook.${action}`, target, before, after, requestId };
}

async function urlProblem({ sender }: WebhookParts, url: string): Promise<Refused | null> {
  const why = await sender.refusal(url);
  return why === null ? null : refused(problem('webhook_url_refused', `${capital(why)}.`, { why }));
}

/** What was sealed under another master secret is lost; a new secret makes good for it. */
function opened(seal: SecretSeal, id: string, secrets: string): SecretInForce[] {
  try {
    return seal.open(id, secrets);
  } catch {
    return [];
  }
}

function secretProblem(secret: string | undefined): Refused | null {
  if (secret === undefined || webhookKey(secret) !== null) return null;
  const detail = 'secret is `whsec_` and the base64 of 24 to 64 random bytes.';
  return refused(problem('invalid_field', detail, { pointer: '/secret' }));
}

/** Only what was given. */
function definedOf({ url, description, facts, campaigns }: Partial<EndpointDefinition>): Partial<Endpoint> {
  return Object.fromEntries(
    Object.entries({ url, description, facts, campaigns }).filter(([, value]) => value !== undefined),
  );
}

/** For the audit log: without secrets. */
function shown(endpoint: Endpoint): Omit<Endpoint, 'secrets'> {
  const { secrets: _, ...rest } = endpoint;
  return rest;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
