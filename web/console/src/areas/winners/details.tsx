/** One win from the press to the counter, and what can be done with its coupon. */

import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, type Campaign } from '../../api.ts';
import { useFormat, useWords } from '../../language.tsx';
import { Confirm, Mark, type Tone } from '../../parts/pieces.tsx';
import { Needs } from '../../parts/role.tsx';
import { Loaded } from '../../parts/states.tsx';
import { type AuditLine, type Claim, type Moment, useLife } from './claims.ts';
import { words } from './words.ts';

const LOOKS: Readonly<Record<Claim['status'], [string, Tone]>> = {
  won: ['●', 'wait'],
  issued: ['●', 'won'],
  redeemed: ['✓', 'ink'],
  revoked: ['↩', 'quiet'],
  expired: ['□', 'quiet'],
};

export function ClaimStatus({ of }: { of: Claim['status'] }) {
  const w = useWords(words);
  const [shape, tone] = LOOKS[of] ?? ['·', 'quiet'];
  return <Mark shape={shape} tone={tone} says={w.statuses[of] ?? of} />;
}

export function Details({ campaign, claim, onClose }: { campaign: Campaign; claim: Claim; onClose(): void }) {
  const w = useWords(words);
  const format = useFormat();
  const query = useLife(claim.id);
  const now = query.data?.claim ?? claim;
  return (
    <aside className="details" aria-label={w.detail(format.number(claim.seq))}>
      <header>
        <div>
          <p className="details-seq">No. {format.number(now.seq)}</p>
          <p className="details-user">{now.userId}</p>
        </div>
        <Button variant="default" size="xs" onClick={onClose}>
          {w.close}
        </Button>
      </header>
      <p className="details-code">
        <code>{now.code ?? w.noCode}</code>
      </p>
      <p>
        <ClaimStatus of={now.status} />
      </p>
      <Needs least="operate">
        <Acts campaign={campaign} claim={now} />
      </Needs>
      <Loaded query={query}>
        {({ moments, audit }) => (
          <>
            <h2>{w.life}</h2>
            <Moments moments={moments} />
            <h2>{w.audit}</h2>
            <Audit lines={audit} />
          </>
        )}
      </Loaded>
      <p className="quiet small">
        {w.claimId} <code>{now.id}</code> · {w.level} {now.durability}
      </p>
    </aside>
  );
}

function Moments({ moments }: { moments: Moment[] }) {
  const w = useWords(words);
  const format = useFormat();
  return (
    <ol className="moments">
      {moments.map(({ at, what, by, reason }) => (
        <li key={`${what}${at}`} data-moment={what}>
          <b>{w.moments[what] ?? what}</b>
          <time dateTime={at}>{format.time(at)}</time>
          {by === null ? null : <span className="quiet">{w.by2(by)}</span>}
          {reason === null ? null : <q>{reason}</q>}
        </li>
      ))}
    </ol>
  );
}

function Audit({ lines }: { lines: AuditLine[] }) {
  const w = useWords(words);
  const format = useFormat();
  if (lines.length === 0) return <p className="quiet">{w.noAudit}</p>;
  return (
    <ul className="plain">
      {lines.map(({ at, actor, action, after }) => (
        <li key={`${at}${action}`}>
          <time dateTime={at}>{format.clock(at)}</time> {actor} · <code>{action}</code>{' '}
          {reasonOf(after) === null ? null : <q>{reasonOf(after)}</q>}
        </li>
      ))}
    </ul>
  );
}

function reasonOf(after: unknown): string | null {
  const reason = (after as { reason?: unknown } | null)?.reason;
  return typeof reason === 'string' && reason !== '' ? reason : null;
}

function Acts({ campaign, claim }: { campaign: Campaign; claim: Claim }) {
  const w = useWords(words);
  const format = useFormat();
  const queries = useQueryClient();
  const [chosen, choose] = useState<'redeem' | 'revoke' | null>(null);
  const { code } = claim;
  if (code === null || (claim.status !== 'issued' && claim.status !== 'won')) return null;
  const act = async (name: 'redeem' | 'revoke', reason: string): Promise<void> => {
    await ask(`/v1/admin/coupons/${encodeURIComponent(code)}/${name}`, {
      method: 'POST',
      idempotencyKey: crypto.randomUUID(),
      body: { campaignId: campaign.id, ...(reason.trim() === '' ? {} : { reason: reason.trim() }) },
    });
    for (const key of ['claim', 'winners', 'found', 'campaign']) {
      void queries.invalidateQueries({ queryKey: [key] });
    }
  };
  const seq = format.number(claim.seq);
  return (
    <div className="details-acts">
      <Button variant="default" onClick={() => choose('redeem')}>
        {w.redeem}
      </Button>
      <Button variant="default" onClick={() => choose('revoke')}>
        {w.revoke}
      </Button>
      {chosen === null ? null : (
        <Confirm
          opened
          title={`${w[chosen]}: No. ${seq}`}
          action={w[chosen]}
          needsReason={chosen === 'revoke'}
          onClose={() => choose(null)}
          onConfirm={(reason) => act(chosen, reason)}
        >
          <p>{chosen === 'redeem' ? w.redeemSays(claim.userId, seq) : w.revokeSays(claim.userId, seq)}</p>
          {chosen === 'revoke' ? <p>{w.unitBack[campaign.returnUnits]}</p> : null}
        </Confirm>
      )}
    </div>
  );
}
