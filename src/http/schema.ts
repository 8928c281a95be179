/** The shapes of bodies, queries and answers, once: what validates them is what /openapi.json shows. */

import type { TSchema } from 'typebox';
import { Type } from 'typebox';
import { CODE_SOURCES, DURABILITIES, KINDS, MODES, QUANTITY_MAX, STATUSES } from '../core/campaign.ts';
import { CLAIM_STATUSES } from '../core/claim.ts';
import { ROLES } from '../core/role.ts';
import { DIFFERENCE_KINDS } from '../flow/reconcile.ts';

const STRICT = { additionalProperties: false };

export function oneOf(values: readonly string[], description?: string): TSchema {
  return { type: 'string', enum: [...values], ...(description ? { description } : {}) } as TSchema;
}

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
  codes: Type.Optional(Type.Object({ source: oneOf(CODE_SOURCES) }, STRICT)),
  benefit: Type.Optional(orNull(anyObject)),
  couponExpiresAt: Type.Optional(orNull(time)),
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
export const couponActBody = Type.Object(
  { reason: Type.Optional(orNull(Type.String({ maxLength: 500 }))) },
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
const page = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  cursor: Type.Optional(Type.String({ maxLength: 1000 })),
};
export const pageQuery = Type.Object(page);
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
    revokedAt: Type.Optional(timeOut),
    expiresAt: Type.Optional(timeOut),
  },
  { title: 'Claim' },
);
export const verdictOut = Type.Object(
  { verdict: Type.String(), claim: Type.Optional(claimOut), ticket: Type.Optional(Type.String()) },
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
