/**
 * A campaign: one timed release of a fixed quantity, with its rules. Pure data and the pure questions asked of it.
 *
 * Times are epoch milliseconds in here; RFC 3339 text exists only at the edge (http, files).
 */

export const KINDS = ['coupon', 'gifticon', 'ticket', 'entry'] as const;
export const MODES = ['instant', 'ordered', 'queued'] as const;
export const DURABILITIES = ['memory', 'disk', 'replicated', 'logged'] as const;
export const CODE_SOURCES = ['none', 'generated', 'pool'] as const;
export const CODE_ISSUES = ['at_win', 'by_job'] as const;
export const RETURN_RULES = ['no', 'to_stock', 'to_next_in_line'] as const;
export const STATUSES = ['draft', 'scheduled', 'open', 'paused', 'sold_out', 'closed', 'archived'] as const;

export type Kind = (typeof KINDS)[number];
export type Mode = (typeof MODES)[number];
export type Durability = (typeof DURABILITIES)[number];
export type CodeSource = (typeof CODE_SOURCES)[number];
export type CodeIssue = (typeof CODE_ISSUES)[number];
export type ReturnRule = (typeof RETURN_RULES)[number];
export type Status = (typeof STATUSES)[number];

export const QUANTITY_MAX = 10_000_000;
export const CAMPAIGN_ID = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** Who may win. An absent part asks nothing; the parts that are there must all hold. */
export interface Eligibility {
  /** only these users */
  allowUsers?: string[];
  /** never these users */
  denyUsers?: string[];
  /** the caller's token must carry one of the listed values under each name (auth `jwt` only) */
  tokenClaims?: Record<string, (string | number | boolean)[]>;
}

/** How people wait in a queued campaign. */
export interface LineDefinition {
  /** most people waiting at once; null: no bound */
  maxLength: number | null;
  /** newcomers are told that there is no chance once so many people a free unit stand before them; null: never */
  cutAt: number | null;
  /** who joins before the opening gets his place by lot */
  shuffleBeforeOpen: boolean;
}

/** Where codes come from, and when people get them. */
export interface CodesDefinition {
  source: CodeSource;
  /** `at_win` (also when it is not said): with the verdict; `by_job`: when the job `issue` has run */
  issue?: CodeIssue;
}

/** What an operator writes down. */
export interface CampaignDefinition {
  id: string;
  name: string;
  kind: Kind;
  /** units to give, 1 … QUANTITY_MAX */
  quantity: number;
  perUserLimit: number;
  mode: Mode;
  durability: Durability;
  opensAt: number | null;
  closesAt: number | null;
  release: { perSecond: number } | null;
  line: LineDefinition | null;
  /** who is let in must press once more in this time, or his turn goes to the next */
  confirm: { withinSeconds: number } | null;
  codes: CodesDefinition;
  /** what becomes of a unit that is given back, or taken back before it was used */
  returnUnits: ReturnRule;
  /** free JSON for the pages: what one gets */
  benefit: Record<string, unknown> | null;
  couponExpiresAt: number | null;
  /** days that a coupon is good for from when it is issued; with `couponExpiresAt` too, whatever comes first */
  validDays: number | null;
  eligibility: Eligibility | null;
}

/**
 * A definition with its life so far. `quantity` counts units that may leave the stock in all: as many as the operator
 * said, and those that have come back. A unit that came back goes out again under a new seq.
 */
export interface Campaign extends CampaignDefinition {
  /** units that have come back to the stock; what the operator said is `quantity - returned` */
  returned: number;
  /** raised by every change; the ETag */
  version: number;
  /** fences off older gates; part of every fact's id */
  epoch: number;
  /** an operator opened it by hand (before or without `opensAt`) */
  openedAt: number | null;
  pausedAt: number | null;
  closedAt: number | null;
  archivedAt: number | null;
  /** since when the names of its people are being taken out of everything that is kept; null: they are not */
  erasingAt: number | null;
  /** when that was done */
  erasedAt: number | null;
  /** which master secret its codes come from: a changed secret must never deal other codes */
  codeKeyId: string;
  createdAt: number;
  updatedAt: number;
}

const LATER_FIELDS: Partial<Campaign> = {
  line: null,
  confirm: null,
  returnUnits: 'no',
  validDays: null,
  returned: 0,
  erasingAt: null,
  erasedAt: null,
};

/** A campaign from the JSON it was stored as, also by a version that did not know all of its fields. */
export function storedCampaign(text: string): Campaign {
  return { ...LATER_FIELDS, ...(JSON.parse(text) as Campaign) };
}

/** Do people keep their places in line when nothing is left, because what comes back goes to whoever is next? */
export function keepsLine({ mode, returnUnits }: Pick<Campaign, 'mode' | 'returnUnits'>): boolean {
  return mode === 'queued' && returnUnits === 'to_next_in_line';
}

/** Does a winner get his coupon when the job `issue` has run, and not with the verdict? */
export function isIssuedByJob({ codes }: Pick<Campaign, 'codes'>): boolean {
  return codes.issue === 'by_job';
}

/** The quantity in the operator's words: units that came back count once. */
export function quantitySaid({ quantity, returned }: Pick<Campaign, 'quantity' | 'returned'>): number {
  return quantity - returned;
}

export const DAY_MS = 86_400_000;

/** Until when a coupon that was issued then is good, epoch ms; null: for ever. */
export function expiryOf(
  { couponExpiresAt, validDays }: Pick<Campaign, 'couponExpiresAt' | 'validDays'>,
  issuedAt: number,
): number | null {
  const days = validDays === null ? null : issuedAt + validDays * DAY_MS;
  if (days === null || couponExpiresAt === null) return days ?? couponExpiresAt;
  return Math.min(days, couponExpiresAt);
}

/** What must be said of a campaign; the rest has defaults. */
export type CampaignDraft = Pick<CampaignDefinition, 'name' | 'quantity'> & Partial<CampaignDefinition>;

/** What a draft does not say, and the server must. */
export interface Birth {
  id: string;
  durability: Durability;
  codeKeyId: string;
  /** epoch ms */
  now: number;
}

/** A campaign as it begins: the draft over the defaults, with no life behind it. */
export function newCampaign(draft: CampaignDraft, { id, durability, codeKeyId, now }: Birth): Campaign {
  return {
    kind: 'coupon',
    perUserLimit: 1,
    mode: 'instant',
    durability,
    opensAt: null,
    closesAt: null,
    release: null,
    line: null,
    confirm: null,
    codes: { source: 'generated' },
    returnUnits: 'no',
    benefit: null,
    couponExpiresAt: null,
    validDays: null,
    eligibility: null,
    ...draft,
    id,
    returned: 0,
    version: 1,
    epoch: 1,
    openedAt: null,
    pausedAt: null,
    closedAt: null,
    archivedAt: null,
    erasingAt: null,
    erasedAt: null,
    codeKeyId,
    createdAt: now,
    updatedAt: now,
  };
}

/** When the window begins: by hand or by the clock; null for a draft. */
export function startsAt(campaign: Pick<Campaign, 'openedAt' | 'opensAt'>): number | null {
  return campaign.openedAt ?? campaign.opensAt;
}

/**
 * Where a campaign stands at a moment. `issued` decides between open and sold out.
 * A pause lasts until somebody resumes or closes it, whatever the clock says meanwhile (contract §3, precedence).
 */
export function statusOf(campaign: Campaign, issued: number, now: number): Status {
  if (campaign.archivedAt !== null) return 'archived';
  if (campaign.closedAt !== null) return 'closed';
  if (campaign.pausedAt !== null) return 'paused';
  if (campaign.closesAt !== null && now >= campaign.closesAt) return 'closed';
  const start = startsAt(campaign);
  if (start === null) return 'draft';
  if (now < start) return 'scheduled';
  return issued >= campaign.quantity ? 'sold_out' : 'open';
}

export const ACTIONS = ['open', 'pause', 'resume', 'close', 'archive'] as const;
export type Action = (typeof ACTIONS)[number];

/** From which states an action makes sense; asking for the state one is in already changes nothing and is fine. */
const ALLOWED: Record<Action, { from: readonly Status[]; already: readonly Status[] }> = {
  open: { from: ['draft', 'scheduled'], already: ['open', 'sold_out'] },
  pause: { from: ['scheduled', 'open', 'sold_out'], already: ['paused'] },
  resume: { from: ['paused'], already: ['open', 'sold_out', 'scheduled'] },
  close: { from: ['draft', 'scheduled', 'open', 'paused', 'sold_out'], already: ['closed'] },
  archive: { from: ['closed'], already: ['archived'] },
};

export type Transition =
  | { kind: 'changed'; campaign: Campaign }
  | { kind: 'unchanged' }
  | { kind: 'refused'; status: Status };

/** Applies a life cycle action. The campaign handed in is not touched. */
export function transition(campaign: Campaign, action: Action, issued: number, now: number): Transition {
  const status = statusOf(campaign, issued, now);
  const rule = ALLOWED[action];
  if (rule.already.includes(status)) return { kind: 'unchanged' };
  if (!rule.from.includes(status)) return { kind: 'refused', status };
  const next: Campaign = { ...campaign, version: campaign.version + 1, updatedAt: now };
  if (action === 'open') next.openedAt = now;
  if (action === 'pause') next.pausedAt = now;
  if (action === 'resume') next.pausedAt = null;
  if (action === 'archive') {
    next.archivedAt = now;
    next.closedAt ??= now;
  }
  if (action === 'close') {
    next.closedAt = now;
    next.pausedAt = null;
  }
  return { kind: 'changed', campaign: next };
}

/** Fields that may still change once the campaign's window has begun. */
export const CHANGEABLE_WHILE_OPEN: readonly (keyof CampaignDefinition)[] = [
  'name',
  'quantity',
  'closesAt',
  'benefit',
  'couponExpiresAt',
  'validDays',
  'returnUnits',
  'release',
];

export type DefinitionFault =
  | { code: 'invalid_window'; detail: string }
  | { code: 'invalid_field'; pointer: string; detail: string };

/** What types alone cannot say about a definition. Returns the first fault, or null. */
export function definitionFault(definition: CampaignDefinition): DefinitionFault | null {
  const { opensAt, closesAt, mode, release } = definition;
  if (opensAt !== null && closesAt !== null && closesAt <= opensAt) {
    return { code: 'invalid_window', detail: 'closesAt must be after opensAt.' };
  }
  if (mode === 'queued' && release === null) {
    const detail = 'A queued campaign needs release.perSecond.';
    return { code: 'invalid_field', pointer: '/release', detail };
  }
  for (const field of ['release', 'line', 'confirm'] as const) {
    if (mode === 'queued' || definition[field] === null) continue;
    const detail = `${field} belongs to queued campaigns only.`;
    return { code: 'invalid_field', pointer: `/${field}`, detail };
  }
  if (definition.returnUnits === 'to_next_in_line' && mode !== 'queued') {
    const detail = 'Only a queued campaign has a line: choose no or to_stock.';
    return { code: 'invalid_field', pointer: '/returnUnits', detail };
  }
  if (definition.perUserLimit > definition.quantity) {
    return { code: 'invalid_field', pointer: '/perUserLimit', detail: 'perUserLimit is above quantity.' };
  }
  return null;
}

/** May this user win at all? `claims` are the token's, empty when users are named in the body. */
export function isEligible(
  eligibility: Eligibility | null,
  userId: string,
  claims: Readonly<Record<string, unknown>>,
): boolean {
  if (eligibility === null) return true;
  const { allowUsers, denyUsers, tokenClaims } = eligibility;
  if (denyUsers?.includes(userId)) return false;
  if (allowUsers && !allowUsers.includes(userId)) return false;
  for (const [name, wanted] of Object.entries(tokenClaims ?? {})) {
    const has = claims[name];
    const values: unknown[] = Array.isArray(has) ? has : [has];
    if (!values.some((value) => wanted.some((one) => one === value))) return false;
  }
  return true;
}
