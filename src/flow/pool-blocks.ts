/**
 * Codes of pools, at hand without a wait: rows come in blocks, still sealed, and the blocks ahead of the last code that
 * was asked for are brought before anybody needs them. A row never changes, so nothing here is ever out of date; a block
 * that was not full yet is asked for again when more of it is needed.
 */

import type { KeyObject } from 'node:crypto';
import { openCode, poolKey } from '../core/pool-code.ts';
import { Recent } from '../core/recent.ts';
import type { CodePool, PoolRows } from '../ports/code-pool.ts';

export interface PoolBlocks {
  /** Null: it is not here, or the pool has no such row, or the row was sealed under another secret. */
  codeOf(campaignId: string, seq: number): string | null;
  has(campaignId: string, seq: number): boolean;
  /** Brings the rows of these numbers, where the pool has them. Rejects when it does not answer. */
  ensure(campaignId: string, seqs: readonly number[]): Promise<void>;
}

export const BLOCK_ROWS = 1024;
/** About 50 KiB each. */
const BLOCKS_MAX = 512;
/** A block more than any campaign has. */
const BLOCKS_A_CAMPAIGN = 16_384;
/** Blocks that are brought ahead. */
const AHEAD = 4;

interface CampaignPool {
  /** unlike that of every other campaign here */
  no: number;
  key: KeyObject;
  /** blocks below this one were asked for */
  aheadTo: number;
  /** on their way, by number */
  coming: Map<number, Promise<void>>;
}

export function makePoolBlocks(pool: Pick<CodePool, 'rows'>, master: Buffer): PoolBlocks {
  return new Blocks(pool, master);
}

class Blocks implements PoolBlocks {
  readonly #pool: Pick<CodePool, 'rows'>;
  readonly #master: Buffer;
  readonly #campaigns = new Map<string, CampaignPool>();
  readonly #blocks = new Recent<number, PoolRows>(BLOCKS_MAX);

  constructor(pool: Pick<CodePool, 'rows'>, master: Buffer) {
    this.#pool = pool;
    this.#master = master;
  }

  has(campaignId: string, seq: number): boolean {
    const campaign = this.#campaigns.get(campaignId);
    return campaign !== undefined && this.#sealed(campaign, seq) !== null;
  }

  codeOf(campaignId: string, seq: number): string | null {
    const campaign = this.#campaigns.get(campaignId);
    const sealed = campaign === undefined ? null : this.#sealed(campaign, seq);
    if (campaign === undefined || sealed === null) return null;
    const block = blockOf(seq);
    if (block + AHEAD / 2 >= campaign.aheadTo) this.#goAhead(campaignId, campaign, block);
    try {
      return openCode(campaign.key, sealed);
    } catch {
      return null;
    }
  }

  async ensure(campaignId: string, seqs: readonly number[]): Promise<void> {
    const campaign = this.#campaignOf(campaignId);
    const lacking = (): Set<number> => {
      const blocks = new Set<number>();
      for (const seq of seqs) if (this.#sealed(campaign, seq) === null) blocks.add(blockOf(seq));
      return blocks;
    };
    const bring = (block: number): Promise<void> => this.#bring(campaignId, campaign, block);
    const joined = [...lacking()].map((block) => ({ block, wasComing: campaign.coming.has(block) }));
    await Promise.all(joined.map(({ block }) => bring(block)));
    // What was on its way may have been asked for before the row was there.
    const still = joined.some(({ wasComing }) => wasComing) ? lacking() : null;
    const again = joined.filter(({ block, wasComing }) => wasComing && still?.has(block));
    await Promise.all(again.map(({ block }) => bring(block)));
  }

  #campaignOf(campaignId: string): CampaignPool {
    let campaign = this.#campaigns.get(campaignId);
    if (campaign === undefined) {
      const no = this.#campaigns.size;
      campaign = { no, key: poolKey(this.#master, campaignId), aheadTo: 0, coming: new Map() };
      this.#campaigns.set(campaignId, campaign);
    }
    return campaign;
  }

  #sealed(campaign: CampaignPool, seq: number): Uint8Array | null {
    const rows = this.#blocks.get(campaign.no * BLOCKS_A_CAMPAIGN + blockOf(seq));
    const end = rows?.ends[seq - rows.first];
    if (rows === undefined || end === undefined) return null;
    return rows.bytes.subarray(rows.ends[seq - rows.first - 1] ?? 0, end);
  }

  /** Those who come next find theirs here. What fails is asked for again by whoever needs it. */
  #goAhead(campaignId: string, campaign: CampaignPool, block: number): void {
    const from = Math.max(campaign.aheadTo, block + 1);
    campaign.aheadTo = block + 1 + AHEAD;
    for (let next = from; next < campaign.aheadTo; next++) {
      if (this.#blocks.get(campaign.no * BLOCKS_A_CAMPAIGN + next) !== undefined) continue;
      this.#bring(campaignId, campaign, next).catch(() => undefined);
    }
  }

  /** One question for each block, however many need it. */
  #bring(campaignId: string, campaign: CampaignPool, block: number): Promise<void> {
    const under = campaign.coming.get(block);
    if (under !== undefined) return under;
    const bring = async (): Promise<void> => {
      const rows = await this.#pool.rows(campaignId, block * BLOCK_ROWS + 1, BLOCK_ROWS);
      if (rows.ends.length > 0) this.#blocks.set(campaign.no * BLOCKS_A_CAMPAIGN + block, rows);
    };
    const coming = bring().finally(() => campaign.coming.delete(block));
    campaign.coming.set(block, coming);
    return coming;
  }
}

const blockOf = (seq: number): number => Math.floor((seq - 1) / BLOCK_ROWS);
