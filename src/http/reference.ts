/** The reference pages of the docs that HTTP knows best, written from the same tables that the server answers by. */

import { PROBLEMS } from '../core/problem.ts';
import { VERDICT_STATUS, VERDICTS } from '../core/verdict.ts';
import type { HttpParts } from './parts.ts';
import { buildServer } from './server.ts';

const VERDICT_SAYS: Readonly<Record<(typeof VERDICTS)[number], string>> = {
  already_won: 'You hold a unit of this campaign: the same claim as told first.',
  pending:
    'Your try is on its way, or in line: `ticket`, when to ask again (`retryAfterMs`), and in queued mode your `position`, `servingNumber`, `ahead`, `estimatedWaitMs`; `confirmBy` when you must press once more.',
  ineligible: 'This campaign is not for you.',
  paused: 'The operator has stopped it for a moment.',
  not_open:
    'The window has not begun. `opensAt` and `serverTime` say how long it takes; pressing early costs nothing.',
  closed: 'The window is over.',
  won: 'A unit is yours, as durable as `claim.durability` says.',
  sold_out: 'Every unit is given.',
};

const NOTE = '<!-- Written from the code by `npm run docs`. Do not edit. -->';

export function verdictsMarkdown(): string {
  const rows = VERDICTS.map(
    (verdict) => `| \`${verdict}\` | ${VERDICT_STATUS[verdict]} | ${VERDICT_SAYS[verdict]} |`,
  );
  return [
    NOTE,
    '',
    '# Verdicts',
    '',
    'What the gate answers to a claim. The first that applies is the answer. What is decided before the gate',
    '(`campaign_not_found`, `rate_limited`) or cannot be decided now (`overloaded`, `gate_unavailable`,',
    '`outcome_unknown` …) is a [problem](problems.md) and no verdict: asking again is always safe.',
    '',
    '| verdict | HTTP | it says |',
    '|---|---|---|',
    ...rows,
    '',
    'Asked for afterwards (`…/claims/me`, `…/claims/{ticket}`, with `?wait=10s` for as long as that) every verdict is told',
    'with 200: `{"verdict":"pending",…}`, `{"verdict":"won","claim":{…}}`, `{"verdict":"sold_out","campaignId":"…"}`. A place in',
    'line that was given up is `closed` with `"reason":"left"`; one whose turn passed without a press, `"reason":"expired"`.',
    'A newcomer that a line has no room for is told the problem `line_full` or `no_chance`.',
    '',
  ].join('\n');
}

export function problemsMarkdown(): string {
  const rows = Object.entries(PROBLEMS).map(
    ([code, { status, title, retry, todo }]) =>
      `| \`${code}\` | ${status} | ${title} | ${retry ? 'yes' : 'no'} | ${todo} |`,
  );
  return [
    NOTE,
    '',
    '# Problems',
    '',
    'Every error is `application/problem+json` (RFC 9457) with `type`, `title`, `status`, `detail`, `code`, `requestId`.',
    'A code is never used again for something else.',
    '',
    '| code | HTTP | title | again? | what to do |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

interface Operation {
  summary?: string;
  tags?: string[];
  responses?: Record<string, unknown>;
}

/** The OpenAPI document, of a server that serves nothing. */
export async function describedApi(): Promise<{ paths: Record<string, Record<string, Operation>> }> {
  const app = await buildServer(emptyParts());
  const document = app.swagger() as unknown as { paths: Record<string, Record<string, Operation>> };
  await app.close();
  return document;
}

export async function httpMarkdown(): Promise<string> {
  const { paths } = await describedApi();
  const out = [
    NOTE,
    '',
    '# HTTP',
    '',
    'The whole of it, with every field, is at `/openapi.json` and `/docs` of a running server.',
  ];
  for (const [tag, title] of [
    ['people', 'People'],
    ['operators', 'Operators'],
    ['service', 'Service'],
  ] as const) {
    out.push('', `## ${title}`, '', '| call | what | answers |', '|---|---|---|');
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        if (!operation.tags?.includes(tag)) continue;
        const answers = Object.keys(operation.responses ?? {}).filter((status) => status !== 'default');
        out.push(
          `| \`${method.toUpperCase()} ${path}\` | ${operation.summary ?? ''} | ${answers.join(' ')} |`,
        );
      }
    }
  }
  return [...out, ''].join('\n');
}

/** Enough to register routes; no route is ever called. */
function emptyParts(): HttpParts {
  const never = { stop: () => undefined };
  const system = {
    now: () => 0,
    monotonic: () => 0,
    randomBytes: (size: number) => Buffer.alloc(size),
    after: () => never,
    every: () => never,
    afterTurn: () => undefined,
  };
  const config = {
    auth: 'open',
    jwt: { secret: null, jwksUrl: null, issuer: null, audience: null },
    rateLimit: { user: null, ip: null },
    trustProxy: [],
    corsOrigins: [],
    adminKey: null,
    connectionsMax: 1,
    streamsPerUserMax: 1,
    streamsMax: 1,
    drainMs: 0,
  };
  const none = { catalog: {}, claims: {}, codes: {}, gate: {}, log: {}, record: {}, campaigns: {} };
  const operators = { listAudit: () => [] };
  const parts = {
    ...none,
    operators,
    config,
    system,
    stored: {},
    master: Buffer.alloc(32),
    durabilities: [],
    version: '0',
  };
  return { ...parts, ready: () => ({}), recorderState: () => ({}) } as unknown as HttpParts;
}
