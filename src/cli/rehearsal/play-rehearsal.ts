/**
 * A rehearsal from beginning to end: a server of its own with the shadow campaign, the crowd, the kill at its second,
 * then every answer held against the record, and the server's own report.
 */
import type { RehearsalPlan, RehearsalProgress, RehearsalResult } from '../../core/rehearsal.ts';
import { Client } from '../client.ts';
import { after, monotonicMs } from '../clock.ts';
import type { CrowdResult } from '../rush/crowd.ts';
import type { Pace } from '../rush/generator-options.ts';
import { type RushOptions, runRush } from '../rush/run-rush.ts';
import { readIntegrity } from '../verify.ts';
import { ShadowServer } from './shadow-server.ts';
import { type Outage, tellResult } from './told.ts';

/** Of the people, those who press twice at once, and those who ask again once they know. */
const TWICE = 0.1;
const AGAIN = 0.1;
/** What is left of the time when the crowd is broken off, for looking at what it was told. */
const CHECK_MS = 15_000;
const SETTLE_MS = 10_000;
const SEED = 1;

/** Plays it in `folder`, which is whoever's who made it. Rejects when the server does not start. */
export async function playRehearsal(
  plan: RehearsalPlan,
  folder: string,
  tell: (progress: RehearsalProgress) => void,
): Promise<RehearsalResult> {
  const endMs = monotonicMs() + plan.limitMs - CHECK_MS;
  const view = progressView(tell);
  const server = await ShadowServer.start(folder);
  try {
    const client = new Client({ url: server.url, key: server.adminKey }, {});
    await client.post('/v1/admin/campaigns', plan.shadow);
    await client.post(`/v1/admin/campaigns/${plan.shadow.id}/open`);
    const kill = killAt(server, plan.killAtMs, view);
    const stopper = { stop: () => {} };
    const cancel = after(Math.max(0, endMs - monotonicMs()), () => stopper.stop());
    let crowd: CrowdResult | null = null;
    const rush = await runRush(client, rushOf(plan), {
      onStart: kill.start,
      onProgress: ({ presses, finished, words }) => view.tell({ presses, finished, words }),
      onStage: () => view.tell({ stage: 'checking' }),
      onCrowd: (result) => {
        crowd = result;
        kill.cancel();
      },
      stopper,
    }).finally(cancel);
    const outage = await kill.ended();
    const integrity = await readIntegrity(client, plan.shadow.id);
    view.tell({ stage: 'over' });
    if (crowd === null) throw new Error('nobody was sent');
    return tellResult({ plan, crowd, rush, integrity, outage });
  } finally {
    await server.stop();
  }
}

interface View {
  tell(change: Partial<RehearsalProgress>): void;
}

function progressView(tell: (progress: RehearsalProgress) => void): View {
  let progress: RehearsalProgress = { stage: 'preparing', presses: 0, finished: 0, words: {} };
  return {
    tell(change) {
      progress = { ...progress, ...change };
      tell(progress);
    },
  };
}

/** Kills the server so long after the first press, unless everybody is through before that. */
function killAt(server: ShadowServer, atMs: number | null, view: View) {
  let outage: Promise<Outage> | null = null;
  let cancel = (): void => {};
  return {
    start(startMs: number): void {
      view.tell({ stage: 'rush' });
      if (atMs === null) return;
      cancel = after(Math.max(0, startMs + atMs - monotonicMs()), () => {
        view.tell({ stage: 'killed' });
        outage = server.killAndRestart();
        outage.then(
          () => view.tell({ stage: 'rush' }),
          () => undefined,
        );
      });
    },
    cancel: () => cancel(),
    ended: async (): Promise<Outage | null> => outage,
  };
}

function rushOf(plan: RehearsalPlan): RushOptions {
  const { users, concurrency, limitMs } = plan;
  const doublePressers = Math.round(users * TWICE);
  return {
    campaignId: plan.shadow.id,
    crowd: {
      ...{ users, doublePressers, userPrefix: 'u-', claimsPerUser: 1, cutRatio: 0, seed: SEED },
      askers: Math.round(users * AGAIN),
    },
    connections: Math.min(concurrency, users),
    processes: 1,
    pace: paceOf(plan, users + doublePressers),
    atOpening: false,
    exclusive: true,
    triesMax: 1000,
    patienceMs: limitMs,
    linePatienceMs: limitMs,
    timeoutMs: 10_000,
    settleMs: SETTLE_MS,
    jwt: null,
  };
}

function paceOf({ overMs }: RehearsalPlan, presses: number): Pace {
  if (overMs === null) return { kind: 'closed' };
  return { kind: 'rate', perSecond: Math.max(1, presses / (overMs / 1000)) };
}
