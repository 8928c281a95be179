/** Beside the plots: the line, how the parts are, and what happened when. */

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { memo, useEffect, useRef, useState } from 'react';
import { ask, type Campaign, type List, Trouble } from '../../api.ts';
import { useFormat, useWords } from '../../language.tsx';
import { Mark, type Tone } from '../../parts/pieces.tsx';
import { useMay } from '../../parts/role.tsx';
import { type Live, rateOf } from './figures.ts';
import { words } from './words.ts';

export const LineFigures = memo(function LineFigures({ campaign, live }: { campaign: Campaign; live: Live }) {
  const w = useWords(words);
  const format = useFormat();
  const line = live.stats?.line;
  if (!line) return null;
  const pace = rateOf(live.samples, ({ line: at }) => at?.servingNumber ?? null);
  return (
    <section>
      <h2>{w.line}</h2>
      <dl className="pairs">
        <dt>{w.waiting}</dt>
        <dd>
          <b>{format.number(line.waiting)}</b> {w.people}
        </dd>
        <dt>{w.serving}</dt>
        <dd>
          <b>{format.number(line.servingNumber)}</b> / {format.number(line.lastNumber)} {w.number}
        </dd>
        <dt>{w.pace}</dt>
        <dd>
          <b>{pace === null ? '–' : format.number(Math.round(pace * 10) / 10)}</b>{' '}
          {w.paceUnit(format.number(campaign.release?.perSecond ?? 0))}
        </dd>
        {line.offered > 0 ? (
          <>
            <dt>{w.offered}</dt>
            <dd>
              <b>{format.number(line.offered)}</b> {w.people}
            </dd>
          </>
        ) : null}
      </dl>
    </section>
  );
});

type Roles = Record<string, string>;

/** Also when it is not ready it says what is. */
async function readParts(): Promise<Roles> {
  try {
    return (await ask<{ roles: Roles }>('/readyz')).roles;
  } catch (error) {
    if (error instanceof Trouble && error.status === 503 && error.body['roles'])
      return error.body['roles'] as Roles;
    throw error;
  }
}

export function useParts() {
  return useQuery({
    queryKey: ['readyz', 'roles'],
    queryFn: readParts,
    refetchInterval: 3_000,
    retry: false,
  });
}

export function PartsHealth({ parts }: { parts: ReturnType<typeof useParts> }) {
  const w = useWords(words);
  const { data, isError } = parts;
  return (
    <section>
      <h2>{w.parts}</h2>
      {isError ? (
        <p className="fault">✕ {w.partsAway}</p>
      ) : (
        <ul className="plain" aria-busy={data === undefined}>
          {Object.entries(data ?? {}).map(([part, state]) => (
            <li key={part} className="spread">
              <span>{w.partNames[part] ?? part}</span>
              {state === 'ready' ? (
                <Mark shape="●" tone="won" says={w.ready} />
              ) : (
                <Mark shape="✕" tone="fault" says={state} />
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

interface Happening {
  /** epoch ms */
  at: number;
  key: string;
  says: string;
  tone: Tone;
}

interface AuditLine {
  id?: number;
  at: string;
  actor: string;
  action: string;
  target: string | null;
}

/** What changes a campaign gives it another version, and that is seen at once: this is for what does not. */
const AUDIT_MS = 30_000;
const SHOWN_MAX = 60;

export function Happenings({
  campaign,
  live,
  parts,
}: {
  campaign: Campaign;
  live: Live;
  parts: ReturnType<typeof useParts>;
}) {
  const w = useWords(words);
  const format = useFormat();
  const seen = useSeenHere(live, parts.data);
  // Who may not read the audit log sees what the campaign itself tells of its life.
  const mayAll = useMay('admin');
  const audit = useQuery({
    queryKey: ['audit-of', campaign.id, campaign.version],
    queryFn: () => ask<List<AuditLine>>('/v1/admin/audit?limit=200'),
    placeholderData: keepPreviousData,
    enabled: mayAll,
    refetchInterval: AUDIT_MS,
  });
  const { stats } = live;
  const moments: [string | null | undefined, string, Tone][] = [
    [stats?.firstWonAt, w.happened.firstWon, 'won'],
    [stats?.remaining === 0 ? stats.lastWonAt : null, w.happened.soldOut, 'ink'],
    ...(audit.data
      ? []
      : ([
          [campaign.createdAt, w.happened.created, 'quiet'],
          [campaign.openedAt, w.happened.opened, 'signal'],
          [campaign.pausedAt, w.happened.paused, 'wait'],
          [campaign.closedAt, w.happened.closed, 'ink'],
        ] as [string | null, string, Tone][])),
  ];
  const lines = (audit.data?.items ?? []).filter(({ target }) => target === campaign.id);
  const all: Happening[] = [
    ...seen,
    ...moments.flatMap(([at, says, tone]) => (at ? [{ at: Date.parse(at), key: says, says, tone }] : [])),
    ...lines.map((line): Happening => {
      const { at, actor, action } = line;
      return {
        at: Date.parse(at),
        key: `${at}${action}`,
        says: w.happened.did(actor, w.actions[action] ?? action),
        tone: 'ink',
      };
    }),
  ];
  const shown = all.sort((a, b) => b.at - a.at).slice(0, SHOWN_MAX);
  return (
    <section>
      <h2>{w.events}</h2>
      {shown.length === 0 ? <p className="quiet">{w.noEvents}</p> : null}
      <ol className="happenings">
        {shown.map(({ at, key, says, tone }) => (
          <li key={`${at}${key}`}>
            <time dateTime={new Date(at).toISOString()} title={format.time(at)}>
              {format.clock(at)}
            </time>
            <Mark shape={SHAPES[tone] ?? '·'} tone={tone} says={says} />
          </li>
        ))}
      </ol>
    </section>
  );
}

const SHAPES: Readonly<Partial<Record<Tone, string>>> = {
  won: '●',
  fault: '✕',
  wait: '‖',
  signal: '●',
  ink: '■',
};

/** What nobody writes down and this view has seen: the connection and the parts, going and coming back. */
function useSeenHere(live: Live, roles: Roles | undefined): Happening[] {
  const w = useWords(words);
  const [seen, setSeen] = useState<{ at: number; what: string; part?: string; why?: string }[]>([]);
  const before = useRef<{ isLive: boolean; roles: Roles } | null>(null);
  useEffect(() => {
    if (live.heardAt === null) return;
    const was = before.current ?? { isLive: true, roles: {} };
    const news: typeof seen = [];
    const at = Date.now();
    if (before.current && was.isLive !== live.isLive) news.push({ at, what: live.isLive ? 'back' : 'cut' });
    for (const [part, state] of Object.entries(roles ?? {})) {
      const old = was.roles[part] ?? 'ready';
      if (old === state) continue;
      news.push(
        state === 'ready' ? { at, what: 'partBack', part } : { at, what: 'partAway', part, why: state },
      );
    }
    before.current = { isLive: live.isLive, roles: roles ?? was.roles };
    if (news.length > 0) setSeen((all) => [...all, ...news].slice(-SHOWN_MAX));
  }, [live.isLive, live.heardAt, roles]);
  return seen.map(({ at, what, part = '', why = '' }) => {
    const name = w.partNames[part] ?? part;
    if (what === 'partAway')
      return { at, key: part, says: w.happened.partAway(name, why), tone: 'fault' as const };
    if (what === 'partBack') return { at, key: part, says: w.happened.partBack(name), tone: 'won' as const };
    const isBack = what === 'back';
    return {
      at,
      key: what,
      says: isBack ? w.happened.back : w.happened.cut,
      tone: isBack ? ('won' as const) : ('fault' as const),
    };
  });
}
