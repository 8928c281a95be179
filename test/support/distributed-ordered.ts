// One fault in the middle of a rush of an ordered campaign, from its opening to the audit: besides what holds of every
// rush, units went out in the order of the log, and tickets are answered for ever as they were.

import { expect, inject } from 'vitest';
import { partitionOf } from '../../src/adapters/kafka/partition-of.ts';
import type { DibsProcess, Site } from './distributed.ts';
import { auditRush } from './distributed-audit.ts';
import {
  type OrderedCrowd,
  type OrderedResult,
  sendOrderedCrowd,
  type ToldTicket,
} from './distributed-ordered-crowd.ts';
import { leaveResult } from './distributed-report.ts';
import { saidIn, ticketPath } from './ordered-people.ts';

export interface OrderedRushOptions {
  /** what is done, for the table; null: it is not for the table */
  fault: string | null;
  quantity?: number;
  users?: number;
  persons?: number;
  perSecond?: number;
  patienceMs?: number;
}

export interface OrderedRush {
  campaignId: string;
  crowd: OrderedResult;
}

/** Of each of the topics of these tests. */
export const PARTITIONS = 3;
const TICKETS_ASKED = 300;
let made = 0;

/** Opens a campaign, sends a crowd, has `trouble` made while it presses; then all must be as if there had been none. */
export async function surviveOrdered(
  site: Site,
  options: OrderedRushOptions,
  trouble: (crowd: OrderedCrowd, campaignId: string) => Promise<void>,
): Promise<OrderedRush> {
  made += 1;
  const { fault, quantity = 1_500, users = 2_200, persons = 100, perSecond = 1_200 } = options;
  const campaignId = `ordered-${made}`;
  await site.open(campaignId, quantity, { mode: 'ordered' });
  const sent = sendOrderedCrowd({
    ...{ campaignId, quantity, users, persons, perSecond, patienceMs: options.patienceMs ?? 60_000 },
    urls: () => site.apis().map(({ url }) => url),
  });
  const [crowd] = await Promise.all([
    sent.result,
    trouble(sent, campaignId).catch(async (error: Error) => {
      const { words } = await sent.result;
      throw new Error(`${error.message}\n${JSON.stringify(words)}\n${site.said()}`, { cause: error });
    }),
  ]);
  const audit = await auditRush(site, crowd, { campaignId, quantity });
  const findings = [
    ...audit.findings,
    ...outOfOrder(crowd.tickets),
    ...(await changed(site, campaignId, crowd)),
  ];
  const { told, unknown, retries, closedMs, words } = crowd;
  const { integrity, epoch, recorded } = audit;
  if (fault !== null) {
    const figures = { told, recorded, reserved: 0, unknown, retries, closedMs, epoch, integrity };
    leaveResult(inject('faultResults'), { kind: 'fault', fault, level: 'logged', quantity, ...figures });
  }
  expect(findings, `${JSON.stringify(words)}\n${site.said()}`).toEqual([]);
  return { campaignId, crowd };
}

/** Of those who surely have no other place, nobody stands behind another and has a lower number, or won after a loser. */
function outOfOrder(tickets: readonly ToldTicket[]): string[] {
  const first = new Map<string, ToldTicket>();
  for (const one of tickets) {
    if (one.place < (first.get(one.userId)?.place ?? Number.POSITIVE_INFINITY)) first.set(one.userId, one);
  }
  const unsure = new Set(tickets.filter((one) => one.unsure).map(({ userId }) => userId));
  const sure = [...first.values()].filter(({ userId }) => !unsure.has(userId));
  const inOrder = sure.toSorted((a, b) => a.place - b.place);
  const said: string[] = [];
  let before: ToldTicket | null = null;
  for (const one of inOrder) {
    if (before !== null && one.seq !== null && (before.seq === null || before.seq > one.seq)) {
      said.push(`${before.userId} stands before ${one.userId} and has ${before.seq}, who has ${one.seq}`);
    }
    before = one;
  }
  return said.slice(0, 5);
}

/** Tickets that are answered otherwise now, at any process. */
async function changed(site: Site, campaignId: string, { tickets }: OrderedResult): Promise<string[]> {
  const every = Math.max(1, Math.floor(tickets.length / TICKETS_ASKED));
  const some = tickets.filter((_, at) => at % every === 0);
  const said: string[] = [];
  for (const api of site.apis().filter(({ pid }) => pid !== null)) {
    for (let at = 0; at < some.length; at += 30) {
      const answers = some.slice(at, at + 30).map((one) => askAgain(api, campaignId, one));
      said.push(...(await Promise.all(answers)).flat());
    }
  }
  return said.slice(0, 5);
}

async function askAgain(api: DibsProcess, campaignId: string, told: ToldTicket): Promise<string[]> {
  const { userId, text, verdict, seq, code } = told;
  const answer = await fetch(`${api.url}${ticketPath(campaignId, text, userId, '2s')}`);
  const body = (await answer.json()) as Record<string, unknown>;
  const now = JSON.stringify(saidIn({ status: answer.status, headers: {}, body }));
  const before = JSON.stringify({ verdict, seq, code });
  return now === before ? [] : [`${api.name} answers ${userId} ${now}, and he was told ${before}`];
}

/** The process that decides a campaign; waits until one does. */
export async function deciderOf(site: Site, campaignId: string, topic: string): Promise<DibsProcess> {
  const name = `decider/${topic}/${partitionOf(Buffer.from(campaignId), PARTITIONS)}`;
  const holder = async (): Promise<DibsProcess | undefined> => {
    const [row] = await site.query('SELECT holder FROM leases WHERE name = ?', [name]);
    return site.processes.find(({ pid }) => pid !== null && String(row?.['holder']).includes(`-${pid}-`));
  };
  await expect.poll(holder, { timeout: 20_000, interval: 100 }).toBeDefined();
  return (await holder()) as DibsProcess;
}
