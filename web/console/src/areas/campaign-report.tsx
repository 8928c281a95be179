/** How the campaign went: the report page itself, and its files. */

import './report/report.css';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { ask, type Campaign, download } from '../api.ts';
import { useLanguage, useWords } from '../language.tsx';
import { Fault } from '../parts/states.tsx';
import { showPage } from './report/page.ts';
import { words } from './report/words.ts';

const FORMATS = ['html', 'csv', 'json'] as const;

export default function View({ campaign }: { campaign: Campaign }) {
  const w = useWords(words);
  const { language } = useLanguage();
  const [fault, setFault] = useState<unknown>(null);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const path = `/v1/admin/campaigns/${encodeURIComponent(campaign.id)}/report`;
  const asked = `lang=${language}&zone=${encodeURIComponent(zone)}`;
  const query = useQuery({
    queryKey: ['report', campaign.id, language],
    queryFn: () => ask<string>(`${path}?format=html&${asked}`),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const save = (format: (typeof FORMATS)[number]): void => {
    setFault(null);
    const more = format === 'html' ? `&${asked}` : '';
    void download(`${path}?format=${format}${more}`, `${campaign.id}-report.${format}`).catch(setFault);
  };
  return (
    <>
      <div className="report-acts">
        {FORMATS.map((format) => (
          <Button key={format} variant="default" onClick={() => save(format)}>
            {w[format]}
          </Button>
        ))}
        <Button variant="subtle" loading={query.isFetching} onClick={() => void query.refetch()}>
          {w.again}
        </Button>
      </div>
      {fault === null ? null : <Fault error={fault} />}
      {query.isPending ? (
        <p className="state-says" role="status">
          {w.making}
        </p>
      ) : null}
      {query.isError ? <Fault error={query.error} again={() => void query.refetch()} /> : null}
      {query.data === undefined ? null : <Page html={query.data} label={w.page} busy={query.isFetching} />}
    </>
  );
}

function Page({ html, label, busy }: { html: string; label: string; busy: boolean }) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const at = host.current;
    if (at !== null) showPage(at.shadowRoot ?? at.attachShadow({ mode: 'open' }), html);
  }, [html]);
  return (
    <section aria-label={label}>
      <div ref={host} className="report-page" aria-busy={busy} />
    </section>
  );
}
