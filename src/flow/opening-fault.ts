/** Whatever keeps a server from running a campaign, found before anybody can press. */

import type { Campaign, Durability, Mode } from '../core/campaign.ts';
import { MODES } from '../core/campaign.ts';
import type { Problem } from '../core/problem.ts';
import { problem } from '../core/problem.ts';
import type { CodePool } from '../ports/code-pool.ts';
import type { Codes } from './codes.ts';
import type { ModeFlows } from './mode.ts';

export interface OpeningParts {
  codes: Pick<Codes, 'keyId'>;
  /** levels that the parts in use can keep */
  durabilities: readonly Durability[];
  /** of the modes beside `instant` that can be had here */
  modes?: ModeFlows;
  /** false: nothing here decides at once, and `instant` cannot be had */
  hasGate?: boolean;
  /** where imported codes are; absent: there are none */
  codePool?: Pick<CodePool, 'counts'>;
}

/** What a level needs, in words that name the setting. */
const NEEDS: Partial<Record<Durability, string>> = {
  disk: 'a Redis with appendfsync always in DIBS_REDIS_URL',
  logged: 'DIBS_REDIS_URL, and DIBS_KAFKA_BROKERS for Kafka as the log',
  replicated: 'a Redis with a replica in DIBS_REDIS_URL',
};

/** The level that a campaign has when nobody says which. */
export function defaultLevel(durabilities: readonly Durability[]): Durability {
  return durabilities.includes('logged') ? 'logged' : 'disk';
}

/** Settings that bring each mode where the parts in use do not. */
const MODE_NEEDS: Readonly<Record<Mode, { setting: string; needs: string }>> = {
  instant: { setting: 'DIBS_REDIS_URL', needs: 'DIBS_REDIS_URL, for Redis as the gate' },
  ordered: { setting: 'DIBS_KAFKA_BROKERS', needs: 'DIBS_KAFKA_BROKERS, for Kafka as the log of requests' },
  queued: { setting: 'DIBS_REDIS_URL', needs: 'DIBS_REDIS_URL, for Redis as the line' },
};

function modeFault({ mode }: Campaign, parts: Pick<OpeningParts, 'modes' | 'hasGate'>): Problem | null {
  const { modes = {}, hasGate = true } = parts;
  const there = MODES.filter((one) => (one === 'instant' ? hasGate : modes[one] !== undefined));
  if (there.includes(mode)) return null;
  const { setting, needs } = MODE_NEEDS[mode];
  const detail = `Mode ${mode} needs ${needs}. Set that, or choose ${there.join(' or ')}.`;
  return problem('mode_unavailable', detail, { setting, mode, choices: there });
}

function levelFault({ mode, durability }: Campaign, durabilities: readonly Durability[]): Problem | null {
  const only = defaultLevel(durabilities);
  if (mode === 'ordered' && durability !== only) {
    const detail = `In ordered mode a verdict is told when the record has it: level ${only}. Choose that.`;
    return problem('durability_unavailable', detail, {
      pointer: '/durability',
      level: durability,
      choices: [only],
    });
  }
  if (durabilities.includes(durability)) return null;
  const needs = NEEDS[durability] ?? 'other parts';
  const detail = `Level ${durability} needs ${needs}. Set that, or choose ${durabilities.join(' or ')}.`;
  const setting = durability === 'logged' ? 'DIBS_KAFKA_BROKERS' : 'DIBS_REDIS_URL';
  return problem('durability_unavailable', detail, { setting, level: durability, choices: durabilities });
}

/** What its parts and secrets say; null: nothing. */
export function openingFault(campaign: Campaign, parts: Omit<OpeningParts, 'codePool'>): Problem | null {
  const mode = modeFault(campaign, parts);
  if (mode) return mode;
  const level = levelFault(campaign, parts.durabilities);
  if (level) return level;
  if (campaign.codes.source !== 'none' && campaign.codeKeyId !== parts.codes.keyId) {
    return problem('code_key_mismatch');
  }
  return null;
}

/** Each unit needs a row of its pool: numbers that are won beyond it would be coupons without a code. */
export async function poolFault(
  { id, quantity, codes }: Campaign,
  pool: Pick<CodePool, 'counts'> | undefined,
): Promise<Problem | null> {
  if (codes.source !== 'pool') return null;
  const imported = (await pool?.counts(id))?.imported ?? 0;
  if (imported >= quantity) return null;
  const detail =
    `${imported} codes are imported, ${quantity} are needed. Define it without opensAt, import its codes, ` +
    'then open it or set opensAt.';
  return problem('pool_too_small', detail, { imported, quantity, missing: quantity - imported });
}
