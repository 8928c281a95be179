/** The shapes of bodies, queries and answers, once: what validates them is what /openapi.json shows. */

import type { TSchema } from 'typebox';
import { Type } from 'typebox';
import {
  CODE_ISSUES,
  CODE_SOURCES,
  DURABILITIES,
  KINDS,
  MODES,
  QUANTITY_MAX,
  RETURN_RULES,
  STATUSES,
} from '../core/campaign.ts';
import { CLAIM_STATUSES } from '../core/claim.ts';
import { RESERVE_DEFAULT_SECONDS, RESERVE_MAX_SECONDS, RESERVE_MIN_SECONDS } from '../core/coupon.ts';
import { ROLES } from '../core/role.ts';
import { VERDICTS } from '../core/verdict.ts';
import { DIFFERENCE_KINDS } from '../flow/reconcile.ts';

const STRICT = { additionalProperties: false };

export function oneOf(values: readonly string[], description?: string): TSchema {
  return { type: 'string', enum: [...values], ...(description ? { description } : {}) } as TSchema;
}

/** A text of the server by its code (core/said), for pages in other languages; null: it is somebody else's word. */
export const saidOut = (text: string): TSchema =>
  orNull(
    Type.Object(
      {
        code: Type.String(),
        figures: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
      },
      { description: `\`${text}\` as a code with its figures; null: it is in the words of somebody else` },
    ),
  );

export function orNull(schema: TSchema): TSchema {
  return Type.Union([schema, Type.Null()]);
}

const time = Type.String({
  description: 'RFC 3339 with Z or an offset',
  examples: ['2026-12-01T10:00:00+09:00'],
});
const timeOut = Type.String({ format: 'date-time' });
const anyObject = { type: 'object', additionalProperties: true } as unknown as TSchema;

const eligibility = Type.Object(
  {
    allowUsers: Type.Optional(Type.Array(Type.String(), { maxItems: 100_000 })),
    denyUsers: Type.Optional(Type.Array(Type.String(), { maxItems: 100_000 })),
    tokenClaims: Type.Optional(
      Type.Record(Type.String(), Type.Array(Type.Union([Type.String(), Type.Number(), Type.Boolean()]))),
    ),
  },
  STRICT,
);

const line = Type.Object(
  {
    maxLength: Type.Optional(
      orNull(Type.Integer({ minimum: 1, maximum: 100_000_000, description: 'most people waiting at once' })),
    ),
    cutAt: Type.Optional(
      orNull(
        Type.Number({
          exclusiveMinimum: 0,
          maximum: 1e6,
          description: 'people a free unit; past it newcomers are told that there is no chance',
        }),
      ),
    ),
    shuffleBeforeOpen: Type.Optional(
      Type.Boolean({ description: 'who joins before the opening gets his place by lot' }),
    ),
  },
  STRICT,
);

const definition = {
  name: Type.String({ minLength: 1, maxLength: 200 }),
  kind: Type.Optional(oneOf(KINDS)),
  quantity: Type.Integer({ minimum: 1, maximum: QUANTITY_MAX }),
  perUserLimit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  mode: Type.Optional(oneOf(MODES)),
  durability: Type.Optional(oneOf(DURABILITIES)),
  opensAt: Type.Optional(orNull(time)),
  closesAt: Type.Optional(orNull(time)),
  release: Type.Optional(
    orNull(Type.Object({ perSecond: Type.Number({ exclusiveMinimum: 0, maximum: 1e6 }) }, STRICT)),
  ),
  line: Type.Optional(orNull(line)),
  confirm: Type.Optional(
    orNull(Type.Object({ withinSeconds: Type.Integer({ minimum: 1, maximum: 86_400 }) }, STRICT)),
  ),
  codes: Type.Optional(
    Type.Object({ source: oneOf(CODE_SOURCES), issue: Type.Optional(oneOf(CODE_ISSUES)) }, STRICT),
  ),
  returnUnits: Type.Optional(oneOf(RETURN_RULES)),
  benefit: Type.Optional(orNull(anyObject)),
  couponExpiresAt: Type.Optional(orNull(time)),
  validDays: Type.Optional(orNull(Type.Integer({ minimum: 1, maximum: 36_500 }))),
  eligibility: Type.Optional(orNull(eligibility)),
};

export const newCampaignBody = Type.Object(
  { id: Type.Optional(Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' })), ...definition },
  STRICT,
);
export const campaignPatchBody = Type.Object(
  { ...definition, name: Type.Optional(definition.name), quantity: Type.Optional(definition.quantity) },
  { ...STRICT, minProperties: 1 },
);
const couponAct = {
  reason: Type.Optional(orNull(Type.String({ maxLength: 500, description: 'for the audit log' }))),
  campaignId: Type.Optional(
    orNull(Type.String({ maxLength: 64, description: 'refuse a code that is of another campaign' })),
  ),
};
export const couponActBody = Type.Object(couponAct, STRICT);
export const couponReserveBody = Type.Object(
  {
    ...couponAct,
    ttlSeconds: Type.Optional(
      Type.Integer({
        minimum: RESERVE_MIN_SECONDS,
        maximum: RESERVE_MAX_SECONDS,
        default: RESERVE_DEFAULT_SECONDS,
        description: 'how long nobody else can use it',
      }),
    ),
  },
  STRICT,
);
export const reconcileBody = Type.Object(
  {
    apply: Type.Optional(
      Type.Boolean({ default: false, description: 'false: only tell what would be done' }),
    ),
    releaseReserved: Type.Optional(
      Type.Boolean({ default: false, description: 'give units without a known holder back to the stock' }),
    ),
    reason: Type.Optional(orNull(Type.String({ maxLength: 500, description: 'for the audit log' }))),
  },
  STRICT,
);
export const newKeyBody = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 100 }), role: oneOf(ROLES) },
  STRICT,
);
export const claimRequestBody = Type.Object(
  {
    userId: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        description: 'Needed unless a bearer token names the user.',
      }),
    ),
  },
  STRICT,
);

export const idParams = Type.Object({ id: Type.String() });
export const ticketParams = Type.Object({ id: Type.String(), ticket: Type.String() });
export const codeParams = Type.Object({ code: Type.String() });

export const userQuery = Type.Object({
  userId: Type.Optional(Type.String({ description: 'Who asks; needed when DIBS_AUTH is open.' })),
});
export const pollQuery = Type.Object({
  userId: Type.Optional(Type.String({ description: 'Who asks; needed for `me` when DIBS_AUTH is open.' })),
  wait: Type.Optional(
    Type.String({
      description: 'How long to wait for news: `10s`, `500ms`, at most 30s.',
      examples: ['10s'],
    }),
  ),
});
const page = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  cursor: Type.Optional(Type.String({ maxLength: 1000 })),
};
export const pageQuery = Type.Object(page);
export const winnersQuery = Type.Object({
  ...page,
  user: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: 'only what this user won' })),
  seq: Type.Optional(Type.Integer({ minimum: 1, description: 'only the claim with this number' })),
});
export const rawQuery = Type.Object({
  raw: Type.Optional(oneOf(['0', '1'], '1: cells are written as they are, for programs')),
});

export const claimOut = Type.Object(
  {
    id: Type.String(),
    campaignId: Type.String(),
    userId: Type.String(),
    seq: Type.Integer(),
    status: oneOf(CLAIM_STATUSES),
    code: orNull(Type.String()),
    wonAt: timeOut,
    durability: oneOf(DURABILITIES),
    redeemedAt: Type.Optional(timeOut),
    redeemedBy: Type.Optional(Type.String({ description: 'id of the operator key' })),
    reservedUntil: Type.Optional(timeOut),
    revokedAt: Type.Optional(timeOut),
    expiresAt: Type.Optional(timeOut),
  },
  { title: 'Claim' },
);
const place = {
  ticket: Type.Optional(Type.String({ description: 'ask with it, at …/claims/{ticket}' })),
  position: Type.Optional(
    orNull(
      Type.Integer({ description: 'my number in line: given once, never changes; null before a shuffle' }),
    ),
  ),
  servingNumber: Type.Optional(
    Type.Integer({ description: 'the highest number that was let in; never goes back' }),
  ),
  ahead: Type.Optional(orNull(Type.Integer({ description: 'who still stand before me' }))),
  estimatedWaitMs: Type.Optional(orNull(Type.Integer())),
  waitReason: Type.Optional(Type.String({ description: 'why the wait is not known, or has become longer' })),
  confirmBy: Type.Optional(
    Type.String({ format: 'date-time', description: 'let in: press once more until then' }),
  ),
  retryAfterMs: Type.Optional(Type.Integer({ description: 'when to ask again' })),
};
export const pendingOut = Type.Object(
  { verdict: oneOf(['pending']), ...place },
  { title: 'Pending', description: 'Position and what follows it in queued mode only.' },
);
export const verdictOut = Type.Object(
  {
    verdict: oneOf(VERDICTS),
    claim: Type.Optional(claimOut),
    campaignId: Type.Optional(Type.String({ description: 'of a try that did not win' })),
    reason: Type.Optional(oneOf(['left', 'expired'], 'a place that was given up, or not confirmed in time')),
    ...place,
  },
  { title: 'Verdict' },
);
export const problemOut = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.Optional(Type.String()),
    code: Type.String(),
    requestId: Type.String(),
  },
  { title: 'Problem', additionalProperties: true },
);
const publicLineOut = Type.Object(
  {
    waiting: Type.Integer({ description: 'who wait to be let in' }),
    estimatedWaitMs: Type.Optional(
      orNull(Type.Integer({ description: 'of somebody who joins now; null: nobody can say' })),
    ),
    shuffle: Type.Optional(
      Type.Object({ commitment: Type.String({ description: 'hex SHA-256 of the seed, published before' }) }),
    ),
  },
  { description: 'queued mode' },
);
export const lineOut = Type.Object(
  {
    campaignId: Type.String(),
    commitment: Type.String({ description: 'hex SHA-256 of the bytes of the seed' }),
    seed: orNull(Type.String({ description: 'null before the opening' })),
    lots: orNull(
      Type.Array(Type.String(), { description: 'that of place 1 first; null before the opening' }),
    ),
  },
  { title: 'Shuffle' },
);
export const campaignOut = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    kind: oneOf(KINDS),
    mode: oneOf(MODES),
    quantity: Type.Integer(),
    perUserLimit: Type.Integer(),
    remaining: Type.Integer(),
    status: oneOf(STATUSES),
    opensAt: orNull(timeOut),
    closesAt: orNull(timeOut),
    serverTime: timeOut,
    benefit: orNull(anyObject),
    release: Type.Optional(
      orNull(Type.Object({ perSecond: Type.Number() }, { description: 'queued mode: people let in' })),
    ),
    servingNumber: Type.Optional(Type.Integer({ description: 'queued mode: the highest number let in' })),
    line: Type.Optional(publicLineOut),
    signIn: Type.Optional(oneOf(['name', 'token'], 'how people say who they are (not in lists)')),
    pressSpreadMs: Type.Optional(
      Type.Integer({
        description: 'pages that press by themselves do so within this of the opening (not in lists)',
      }),
    ),
  },
  { title: 'Campaign', additionalProperties: true },
);
export const adminCampaignOut = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    quantity: Type.Integer(),
    issued: Type.Integer(),
    remaining: Type.Integer(),
    status: oneOf(STATUSES),
    version: Type.Integer(),
  },
  { title: 'CampaignDefinition', additionalProperties: true },
);
export const reconciledOut = Type.Object(
  {
    ok: Type.Boolean(),
    campaignId: Type.String(),
    checkedAt: timeOut,
    applied: Type.Boolean(),
    figures: Type.Object(
      {
        gate: orNull(Type.Integer()),
        record: Type.Integer(),
        reserved: Type.Integer(),
        deadLetters: Type.Integer(),
        outbox: Type.Integer(),
      },
      { description: 'units; `gate` null: it could not be compared' },
    ),
    differences: Type.Array(
      Type.Object({
        kind: oneOf(DIFFERENCE_KINDS),
        count: Type.Integer(),
        seqs: Type.Array(Type.Integer()),
        says: Type.String(),
        repair: orNull(Type.String()),
        alarm: Type.Boolean(),
        done: Type.Boolean(),
      }),
    ),
  },
  { title: 'Reconciled' },
);
export const openOut = { type: 'object', additionalProperties: true } as unknown as TSchema;

export function listOf(item: TSchema): TSchema {
  return Type.Object({ items: Type.Array(item), next: orNull(Type.String()) });
}
