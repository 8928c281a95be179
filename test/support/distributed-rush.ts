// One fault in the middle of a rush, from the opening of its campaign to the audit.

import { setTimeout as wait } from 'node:timers/promises';
import { expect, inject } from 'vitest';
import type { Site } from './distributed.ts';
import { type Audit, auditRush } from './distributed-audit.ts';
import { type Crowd, type CrowdResult, sendCrowd, together } from './distributed-crowd.ts';
import { leaveResult } from './distributed-report.ts';

export interface RushOptions {
  /** what is done, for the table */
  fault: string;
  /** default 3,000 */
  quantity?: number;
  /** default `logged` */
  durability?: 'memory' | 'disk' | 'replicated' | 'logged';
  persons?: number;
  perSecond?: number;
  users?: number;
  patienceMs?: number;
  /** how long the record may take to catch up */
  auditMs?: number;
  /** where people press, when it is not the processes themselves */
  ports?: () => number[];
  /** units that are kept back because somebody may have been promised them are given back, and given away too */
  release?: true;
}

export interface Rushed {
  campaignId: string;
  crowd: CrowdResult;
  audit: Audit;
  reserved: number;
}

let made = 0;
const LATER_USERS = 1_000_000;

/** Opens a campaign, sends the crowd, has `trouble` made while it presses, and audits when all is over. */
export async function rush(
  site: Site,
  options: RushOptions,
  trouble: (crowd: Crowd, campaignId: string) => Promise<void>,
): Promise<Rushed> {
  made += 1;
  const { quantity = 3000, durability = 'logged', persons = 80, perSecond = 1500, users } = options;
  const campaignId = `drop-${made}`;
  await site.open(campaignId, quantity, { durability });
  const toSend = {
    campaignId,
    ports: options.ports ?? (() => site.apis().map(({ port }) => port)),
    quantity,
    persons,
    perSecond,
    patienceMs: options.patienceMs ?? 60_000,
    ...(users === undefined ? {} : { users }),
  };
  const crowd = sendCrowd(toSend);
  const [first] = await Promise.all([
    crowd.result,
    trouble(crowd, campaignId).catch(async (error: Error) => {
      const { words } = await crowd.result;
      throw new Error(`${error.message}\n${JSON.stringify(words)}\n${site.said()}`);
    }),
  ]);
  const reserved = await reservedUnits(site, campaignId);
  const isReleased = options.release === true && reserved > 0;
  if (isReleased) await release(site, campaignId);
  const more = { ...toSend, quantity: reserved, firstUser: LATER_USERS, persons: 20 };
  const result = isReleased ? together(first, await sendCrowd(more).result) : first;
  const audit = await auditRush(site, result, {
    campaignId,
    quantity,
    reserved: options.release ? reserved : 0,
    ...(options.auditMs === undefined ? {} : { patienceMs: options.auditMs }),
  });
  return { campaignId, crowd: result, audit, reserved };
}

/** The same, and everything must be as if there had been no fault. The row of the table is left behind. */
export async function survive(
  site: Site,
  options: RushOptions,
  trouble: (crowd: Crowd, campaignId: string) => Promise<void>,
): Promise<Rushed> {
  const rushed = await rush(site, options, trouble);
  const { crowd, audit, reserved } = rushed;
  const { fault, durability: level = 'logged', quantity = 3000 } = options;
  const { told, unknown, retries, closedMs, words } = crowd;
  const { integrity, epoch, recorded } = audit;
  const row = {
    fault,
    level,
    quantity,
    told,
    recorded,
    reserved,
    unknown,
    retries,
    closedMs,
    epoch,
    integrity,
  };
  leaveResult(inject('faultResults'), { kind: 'fault', ...row });
  expect(audit.findings, `${JSON.stringify(words)}\n${site.said()}`).toEqual([]);
  return rushed;
}

/** Units that count as given because somebody may have been promised them. */
async function reservedUnits(site: Site, campaignId: string): Promise<number> {
  const [row] = await site.query('SELECT reserved FROM campaigns WHERE id = ?', [campaignId]);
  return Number(row?.['reserved'] ?? 0);
}

/** As an operator does it who does not want to wait for a day. */
async function release(site: Site, campaignId: string): Promise<void> {
  const asked = { apply: true, releaseReserved: true, reason: 'nobody turned up for them' };
  const { status, body } = await site.call('POST', `/v1/admin/campaigns/${campaignId}/reconcile`, asked);
  if (status !== 200) throw new Error(`reconcile: ${status} ${JSON.stringify(body)}`);
  // Those who remember that it is sold out look again within a second.
  await wait(1500);
}
