/**
 * What a campaign file may say, as a JSON schema: for editors (docs/reference/campaign.schema.json is this, written
 * out) and for `dibs campaign apply`, which names a mistake before anything is sent.
 */

const timestamp = {
  type: ['string', 'null'],
  format: 'date-time',
  examples: ['2026-12-01T10:00:00+09:00'],
};

export const campaignSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Dibs campaign',
  description: 'One timed release of a fixed quantity. Several in one file are separated by ---.',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'quantity'],
  properties: {
    id: {
      description: 'Slug of the campaign; it is part of its address and never changes.',
      type: 'string',
      pattern: '^[a-z0-9][a-z0-9-]{0,63}$',
    },
    name: { description: 'What people read.', type: 'string', minLength: 1, maxLength: 200 },
    kind: {
      description: 'What is given.',
      enum: ['coupon', 'gifticon', 'ticket', 'entry'],
      default: 'coupon',
    },
    quantity: {
      description: 'How many there are. May rise at any time, and fall to what is issued.',
      type: 'integer',
      minimum: 1,
      maximum: 10_000_000,
    },
    perUserLimit: { description: 'How many one person may have.', type: 'integer', minimum: 1, default: 1 },
    mode: {
      description:
        'instant: the verdict in the answer. ordered: decided in order of the log. queued: a waiting line.',
      enum: ['instant', 'ordered', 'queued'],
      default: 'instant',
    },
    durability: {
      description:
        'What a told win survives: memory (nothing), disk (loss of power), replicated, logged (loss of the machine).',
      enum: ['memory', 'disk', 'replicated', 'logged'],
    },
    opensAt: {
      ...timestamp,
      description: 'When it opens by itself; with an offset. Without it, open it by hand.',
    },
    closesAt: { ...timestamp, description: 'When it closes by itself; with an offset, after opensAt.' },
    release: {
      description: 'queued only: how fast the line moves.',
      type: ['object', 'null'],
      additionalProperties: false,
      required: ['perSecond'],
      properties: { perSecond: { type: 'number', exclusiveMinimum: 0 } },
    },
    line: {
      description: 'queued only: how people wait.',
      type: ['object', 'null'],
      additionalProperties: false,
      properties: {
        maxLength: { description: 'Most people waiting at once.', type: ['integer', 'null'], minimum: 1 },
        cutAt: {
          description: 'People a free unit; past it newcomers are told that there is no chance.',
          type: ['number', 'null'],
          exclusiveMinimum: 0,
        },
        shuffleBeforeOpen: {
          description: 'Who joins before the opening gets his place by lot.',
          type: 'boolean',
          default: false,
        },
      },
    },
    confirm: {
      description:
        'queued only: who is let in must press once more in this time, or his turn goes to the next.',
      type: ['object', 'null'],
      additionalProperties: false,
      required: ['withinSeconds'],
      properties: { withinSeconds: { type: 'integer', minimum: 1, maximum: 86_400 } },
    },
    codes: {
      description: 'Where coupon codes come from: none, made by the server, or a pool that is imported.',
      type: 'object',
      additionalProperties: false,
      required: ['source'],
      properties: {
        source: { enum: ['none', 'generated', 'pool'] },
        issue: {
          description: 'at_win: with the verdict. by_job: when the job issue has run.',
          enum: ['at_win', 'by_job'],
          default: 'at_win',
        },
      },
    },
    returnUnits: {
      description: 'What becomes of a unit that is given back, or taken back before it was used.',
      enum: ['no', 'to_stock', 'to_next_in_line'],
      default: 'no',
    },
    benefit: { description: 'Free JSON for the pages: what one gets.', type: ['object', 'null'] },
    couponExpiresAt: { ...timestamp, description: 'Until when a won coupon can be used; with an offset.' },
    validDays: {
      description: 'Days that a coupon is good for from when it is issued.',
      type: ['integer', 'null'],
      minimum: 1,
      maximum: 36_500,
    },
    eligibility: {
      description: 'Who may win. What is absent asks nothing; what is there must all hold.',
      type: ['object', 'null'],
      additionalProperties: false,
      properties: {
        allowUsers: { description: 'Only these users.', type: 'array', items: { type: 'string' } },
        denyUsers: { description: 'Never these users.', type: 'array', items: { type: 'string' } },
        tokenClaims: {
          description: 'The token must carry one of the listed values under each name (auth jwt).',
          type: 'object',
          additionalProperties: { type: 'array', items: { type: ['string', 'number', 'boolean'] } },
        },
      },
    },
  },
} as const;

/** The text of docs/reference/campaign.schema.json. */
export const renderCampaignSchema = (): string => `${JSON.stringify(campaignSchema, null, 2)}\n`;
