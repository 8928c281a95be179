/** Coupons beside the drop: units that are free go back to the stock, by one process at a time; who guesses codes is seen. */

import { makeCampaignFlow } from '../flow/campaign.ts';
import { returnUnits } from '../flow/return-units.ts';
import { makeWrongCodes } from '../flow/wrong-codes.ts';
import type { GaugeReading } from '../http/parts.ts';
import type { AfterWinParts, Started } from './area.ts';
import { repeat } from './repeat.ts';

const EVERY_MS = 1_000;
const LEASE = 'returns';
const LEASE_MS = 5_000;
/** A source that goes on guessing is named this often. */
const WARN_EVERY_MS = 60_000;

export function startReturning(parts: AfterWinParts): Started {
  const { config, stored, system, logger, leases } = parts;
  // One for all changes of campaigns in this process, those of operators too: they come one after the other.
  const campaignFlow = makeCampaignFlow({ ...parts, codePool: stored.codePool });
  const guard = guardCodes(parts);
  const holder = config.instanceId ?? `returns-${system.randomBytes(8).toString('hex')}`;
  let returned = 0;
  const mayRun = async (): Promise<boolean> =>
    leases === undefined || (await leases.take(LEASE, holder, LEASE_MS));
  const round = async (): Promise<void> => {
    try {
      if (!(await mayRun())) return;
      returned += await returnUnits({
        ...{ catalog: parts.catalog, coupons: stored.coupons, codePool: stored.codePool, system },
        campaigns: campaignFlow,
        onFault: (campaignId, error) => logger.debug({ err: error, campaignId }, 'units wait to go back'),
      });
    } catch (error) {
      logger.debug({ err: error }, 'units wait to go back');
    }
  };
  const running = config.role.includes('jobs') ? repeat(system, EVERY_MS, round) : null;
  return {
    served: { campaignFlow, wrongCodes: guard.wrongCodes, onUnitFree: () => running?.poke() },
    gauges: () => [
      ...guard.gauges(),
      {
        name: 'dibs_units_returned_total',
        help: 'Units that this process has put back into the stock.',
        value: returned,
      },
    ],
    async stop() {
      await running?.stop();
      if (running !== null) await leases?.release(LEASE, holder).catch(() => undefined);
    },
  };
}

/** Wrong codes are counted, and whoever gives too many is named in the log. */
function guardCodes({ system, logger }: AfterWinParts) {
  let warnedAt = Number.NEGATIVE_INFINITY;
  const wrongCodes = makeWrongCodes(system, ({ limit, source }) => {
    const now = system.monotonic();
    if (now - warnedAt < WARN_EVERY_MS) return;
    warnedAt = now;
    logger.warn({ limit, operator: source.id, address: source.address }, 'codes may be guessed');
  });
  const gauges = (): GaugeReading[] => {
    const { wrong, refused } = wrongCodes.counts();
    return [
      {
        name: 'dibs_wrong_codes_total',
        help: 'Codes given at the counter that nobody holds or that cannot be one.',
        value: wrong,
      },
      {
        name: 'dibs_wrong_codes_refused_total',
        help: 'Look-ups by code that were refused after too many wrong ones.',
        value: refused,
      },
    ];
  };
  return { wrongCodes, gauges };
}
