/**
 * The few calls the examples make, by nothing but `fetch`: what any program in any language would do.
 *
 * Where: `DIBS_URL` (http://127.0.0.1:8080). Operator key: `DIBS_ADMIN_KEY`, else the file ./data/admin.key.
 */

import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { parse } from 'yaml';

const url = (): string => (process.env['DIBS_URL'] ?? 'http://127.0.0.1:8080').replace(/\/$/, '');

/** One answer to a press, as far as the examples look at it. */
export interface Told {
  status: number;
  verdict: string;
  seq: number | null;
}

/** One row of the record. */
export interface Recorded {
  seq: number;
  userId: string;
  wonAt: string;
}

interface Campaign {
  id: string;
  quantity: number;
}

const WAIT_MS = 30_000;
const LOOK_AGAIN_MS = 50;

function operatorKey(): string {
  const given = process.env['DIBS_ADMIN_KEY'];
  if (given) return given;
  try {
    return readFileSync('data/admin.key', 'utf8').trim();
  } catch {
    throw new Error('No operator key: set DIBS_ADMIN_KEY, or run this where ./data/admin.key is.');
  }
}

/** An operator's call. Throws with the server's own words when it is refused. */
export async function operate<Answer>(
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<Answer> {
  const answer = await fetch(`${url()}/v1/admin${path}`, {
    method,
    headers: {
      authorization: `Bearer ${operatorKey()}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return (text === '' ? null : JSON.parse(text)) as Answer;
}

/**
 * Makes the campaign of a file under an id of its own, so that the example can be run again, and opens it.
 * @param over what is to be different from the file
 */
export async function openCampaign(
  file: URL,
  suffix: string,
  over: Partial<Campaign> = {},
): Promise<Campaign> {
  const definition = parse(readFileSync(file, 'utf8')) as Campaign;
  const campaign = { ...definition, ...over, id: `${definition.id}-${suffix}` };
  await operate('POST', '/campaigns', campaign);
  await operate('POST', `/campaigns/${campaign.id}/open`);
  return campaign;
}

/**
 * One press. A busy server is asked again after the seconds it names: that is always safe.
 * @returns the verdict: `won` and `already_won` with the seq, else the problem's code
 */
export async function claim(campaignId: string, userId: string): Promise<Told> {
  for (;;) {
    const answer = await fetch(`${url()}/v1/campaigns/${campaignId}/claims`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userId }),
    });
    const body = (await answer.json()) as { verdict?: string; code?: string; claim?: { seq: number } };
    if (answer.status !== 429 && answer.status !== 503) {
      const verdict = body.verdict ?? body.code ?? 'unknown';
      return { status: answer.status, verdict, seq: body.claim?.seq ?? null };
    }
    await pause(1000 * Number(answer.headers.get('retry-after') ?? 1));
  }
}

/** Calls `press` for 0 … times-1, `atOnce` at a time, and returns what each was told. */
export async function crowd(
  times: number,
  atOnce: number,
  press: (turn: number) => Promise<Told>,
): Promise<Told[]> {
  const told: Told[] = [];
  let next = 0;
  const person = async () => {
    for (let turn = next++; turn < times; turn = next++) told[turn] = await press(turn);
  };
  await Promise.all(Array.from({ length: atOnce }, person));
  return told;
}

/** The rows that are in the record now, in order of seq. */
export async function recorded(campaignId: string): Promise<Recorded[]> {
  const page = await operate<{ items: Recorded[] }>('GET', `/campaigns/${campaignId}/claims?limit=1000`);
  return page.items;
}

/** Waits for a condition instead of sleeping a fixed time: returns as soon as the record has `count` rows. */
export async function untilRecorded(campaignId: string, count: number): Promise<Recorded[]> {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    const rows = await recorded(campaignId);
    if (rows.length >= count || performance.now() > deadline) return rows;
    await pause(LOOK_AGAIN_MS);
  }
}

/** How often each verdict was told. */
export function histogram(told: readonly Told[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { verdict } of told) counts[verdict] = (counts[verdict] ?? 0) + 1;
  return counts;
}

/** Collects what was expected and what came; `end` says it and sets the exit code. */
export class Expectations {
  private readonly wrong: string[] = [];

  /** @param what in words, e.g. `rows in the record` */
  equal(what: string, got: unknown, expected: unknown): void {
    const same = got === expected;
    console.log(
      `  ${same ? '✓' : '✕'} ${what}: ${String(got)}${same ? '' : `, expected ${String(expected)}`}`,
    );
    if (!same) this.wrong.push(what);
  }

  /** Every invariant of a campaign, by the server's own report. */
  async integrity(campaignId: string): Promise<void> {
    const report = await operate<{ ok: boolean; checks: { id: string; ok: boolean }[] }>(
      'GET',
      `/campaigns/${campaignId}/integrity`,
    );
    const red = report.checks.filter((check) => !check.ok).map((check) => check.id);
    this.equal('invariants broken', red.join(' ') || 'none', 'none');
  }

  end(): void {
    if (this.wrong.length === 0) return;
    console.error(`Not as the document says: ${this.wrong.join('; ')}.`);
    process.exitCode = 1;
  }
}

/** Runs an example; a failure is one sentence and exit code 1. */
export async function example(run: (suffix: string) => Promise<void>): Promise<void> {
  try {
    await run(process.env['DIBS_EXAMPLE_SUFFIX'] ?? Date.now().toString(36));
  } catch (error) {
    const { message, cause } = error as Error;
    console.error(cause instanceof Error ? `${url()}: ${message} (${cause.message})` : message);
    process.exitCode = 1;
  }
}
