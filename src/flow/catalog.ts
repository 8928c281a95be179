/**
 * The campaigns this process serves, at hand without a wait. The store behind it is the truth; the catalog is told of
 * each change by the flow that made it (flow/campaign) and filled once at start.
 */

import type { Campaign } from '../core/campaign.ts';
import { SeqMarks } from './seq-marks.ts';

/** Someone who waits until wins that were decided before his own answer are durable. */
export type Waiter = (error: Error | null) => void;

/** A campaign with what is going on in it. */
export interface LiveCampaign {
  campaign: Campaign;
  /** its holders are in the gate; a closed one from before the start is answered from the record instead */
  atGate: boolean;
  /** a shared gate that is being made good: nobody is decided on until it is */
  rebuilding: boolean;
  /** at a shared gate: numbers up to here were in the record when its epoch was opened */
  baseSeq: number;
  /** at a shared gate: the numbers above it that this process knows to be on the log */
  onLog: SeqMarks;
  /** seq -> who waits for that win to be durable. Empty except for moments */
  inFlight: Map<number, Waiter[]>;
  /** who waits for the newest of them */
  newestInFlight: Waiter[];
  /** answers by verdict since this process started */
  told: Map<string, number>;
  /** units out by the gate, as last told; what `remaining` shows */
  issued: number;
  firstWonAt: number | null;
  lastWonAt: number | null;
}

/** Another epoch has begun: its numbers go on at what the record has, so what was noted by number holds no longer. */
export function forgetNumbers(live: LiveCampaign): void {
  live.onLog = new SeqMarks();
  live.inFlight = new Map();
}

export type CatalogListener = (live: LiveCampaign) => void;

export interface Catalog {
  get(id: string): LiveCampaign | undefined;
  all(): IterableIterator<LiveCampaign>;
  /** Takes a campaign in, or its newer version. */
  put(campaign: Campaign): LiveCampaign;
  /** Called after each `put` that changed something. */
  onChange(listener: CatalogListener): void;
}

export function makeCatalog(): Catalog {
  const lives = new Map<string, LiveCampaign>();
  const listeners: CatalogListener[] = [];
  return {
    get: (id) => lives.get(id),
    all: () => lives.values(),
    put(campaign) {
      let live = lives.get(campaign.id);
      if (live) live.campaign = campaign;
      else {
        live = {
          campaign,
          atGate: false,
          rebuilding: false,
          baseSeq: 0,
          onLog: new SeqMarks(),
          inFlight: new Map(),
          newestInFlight: [],
          told: new Map(),
          issued: 0,
          firstWonAt: null,
          lastWonAt: null,
        };
        lives.set(campaign.id, live);
      }
      for (const listener of listeners) listener(live);
      return live;
    },
    onChange: (listener) => {
      listeners.push(listener);
    },
  };
}
