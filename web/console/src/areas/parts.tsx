/** What the server runs on, how each part is, and the operator keys. */

import { useQuery } from '@tanstack/react-query';
import { useRef } from 'react';
import { partWords } from '../../../../src/words/parts.ts';
import { ask, Trouble } from '../api.ts';
import { useFormat, useLanguage, useWords } from '../language.tsx';
import { Facts, Section } from '../parts/detail.tsx';
import { Figure, Head, Mark } from '../parts/pieces.tsx';
import { useWho } from '../parts/role.tsx';
import { Fault, Loaded } from '../parts/states.tsx';
import { type Said, Told } from '../said.tsx';
import { Keys } from './parts/keys.tsx';
import { type Metrics, perSecond, readMetrics } from './parts/metrics.ts';
import { words } from './parts/words.ts';

interface Ready {
  ready: boolean;
  /** what each part does: `ready`, or why not */
  roles: Record<string, string>;
  /** of those that are not ready, where it is a sentence of the server's own */
  said?: Record<string, Said>;
}

/** What to look up when a part is not ready. */
const RUNBOOKS: Readonly<Record<string, string>> = {
  gate: 'gate-unavailable.md',
  log: 'log-unavailable.md',
  record: 'record-unavailable.md',
  recorder: 'recorder-lag.md',
  decider: 'decider-lag.md',
  relay: 'relay-backlog.md',
  requests: 'requests-cannot-be-taken.md',
  verdicts: 'decider-lag.md',
};
/** One process: its log is the journal. */
const JOURNAL = 'journal-cannot-write.md';

export default function View() {
  const w = useWords(words);
  const who = useWho();
  const ready = useQuery({
    queryKey: ['readyz'],
    queryFn: () =>
      ask<Ready>('/readyz').catch((error: unknown) => {
        // Not ready is an answer, too: it names the parts.
        if (error instanceof Trouble && error.body['roles'] !== undefined)
          return error.body as unknown as Ready;
        throw error;
      }),
    refetchInterval: 3_000,
  });
  return (
    <>
      <Head title={w.title} under={w.under} />
      <Loaded query={who}>
        {({ id, role, version, runsOn, on }) => (
          <Facts
            rows={[
              [w.runsOn, w.on(runsOn, on)],
              [w.version, version],
              [w.thisKey, id === 'env' ? w.envKey : id],
              [w.role, `${role}: ${w.roles[role]}`],
            ]}
          />
        )}
      </Loaded>
      <Section title={w.state}>
        {/* What was seen before says nothing of now. */}
        {ready.isError ? (
          <Fault error={ready.error} again={() => void ready.refetch()} />
        ) : (
          <Loaded query={ready}>{(state) => <State state={state} />}</Loaded>
        )}
      </Section>
      <Figures />
      <Keys />
    </>
  );
}

function State({ state: { ready, roles, said } }: { state: Ready }) {
  const w = useWords(words);
  const { language } = useLanguage();
  const isAlone = roles['record'] === undefined;
  return (
    <>
      <p role="status">
        <Mark
          shape={ready ? '●' : '✕'}
          tone={ready ? 'won' : 'fault'}
          says={<strong>{ready ? w.ready : w.notReady}</strong>}
        />
      </p>
      <ul className="part-list">
        {Object.entries(roles).map(([part, says]) => (
          <li key={part}>
            <span>
              <strong>{partWords(language, part)?.name ?? part}</strong> <code className="quiet">{part}</code>
            </span>
            {says === 'ready' ? (
              <Mark shape="●" tone="won" says={w.partReady} />
            ) : (
              <span>
                <Mark shape="✕" tone="fault" says={partWords(language, part)?.fault ?? w.partNotReady} />
                <span className="part-todo">
                  <Told text={says} said={said?.[part]} />
                </span>
                <span className="quiet part-todo">
                  {w.todo}{' '}
                  <code>
                    docs/runbook/{part === 'log' && isAlone ? JOURNAL : (RUNBOOKS[part] ?? 'README.md')}
                  </code>
                </span>
              </span>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

/** A few of the figures, in words; /metrics has all. */
function Figures() {
  const w = useWords(words);
  const { number, span } = useFormat();
  const before = useRef<Metrics | null>(null);
  const query = useQuery({
    queryKey: ['metrics'],
    queryFn: async () => {
      const now = readMetrics(await ask<string>('/metrics'), performance.now());
      const then = before.current;
      before.current = now;
      return { now, claimsPerSecond: then && perSecond(then, now, 'dibs_claims_total') };
    },
    refetchInterval: 3_000,
  });
  return (
    <Section title={w.figures}>
      <Loaded query={query}>
        {({ now, claimsPerSecond }) => {
          const lagMs = now.max('dibs_recorder_lag_seconds') * 1000;
          const lagFacts = now.sum('dibs_recorder_lag_facts');
          const failed = now.sum('dibs_job_failed');
          const disabled = now.sum('dibs_webhook_disabled');
          const busy = now.max('dibs_event_loop_delay_p99_seconds') * 1000;
          return (
            <div className="figures">
              <Figure
                value={span(lagMs)}
                label={w.lag(number(lagFacts))}
                tone={lagMs > 60_000 ? 'fault' : lagMs > 5_000 ? 'wait' : 'ink'}
              />
              <Figure
                value={claimsPerSecond === null ? '–' : number(Math.round(claimsPerSecond))}
                unit={w.perSecond}
                label={w.claims(number(now.sum('dibs_claims_total')))}
              />
              <Figure value={number(now.sum('dibs_line_waiting'))} unit={w.people} label={w.waiting} />
              <Figure value={number(now.sum('dibs_outbox_unsent'))} unit={w.facts} label={w.unsent} />
              <Figure value={number(now.sum('dibs_webhook_pending'))} unit={w.facts} label={w.pending} />
              <Figure
                value={number(failed)}
                unit={w.jobs}
                label={w.failedJobs}
                tone={failed > 0 ? 'fault' : 'ink'}
              />
              <Figure
                value={number(disabled)}
                unit={w.hooks}
                label={w.disabledHooks}
                tone={disabled > 0 ? 'fault' : 'ink'}
              />
              <Figure value={span(busy)} label={w.loop} tone={busy > 200 ? 'wait' : 'ink'} />
              <Figure
                value={number(Math.round(now.sum('process_resident_memory_bytes') / 1_048_576))}
                unit="MiB"
                label={w.memory}
              />
            </div>
          );
        }}
      </Loaded>
    </Section>
  );
}
