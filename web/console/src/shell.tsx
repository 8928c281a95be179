/** The frame: the rail on the left, the view in the middle, and what the keyboard does everywhere. */

import { useMantineColorScheme } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState } from 'react';
import { key } from './api.ts';
import { useLanguage, useWords } from './language.tsx';
import { Loading } from './parts/states.tsx';
import { go, placeOf, usePlace } from './route.ts';
import { SignIn } from './sign-in.tsx';

/** Each area is loaded when somebody goes there. */
const AREAS = {
  campaigns: lazy(() => import('./areas/campaigns.tsx')),
  letters: lazy(() => import('./areas/letters.tsx')),
  jobs: lazy(() => import('./areas/jobs.tsx')),
  webhooks: lazy(() => import('./areas/webhooks.tsx')),
  audit: lazy(() => import('./areas/audit.tsx')),
  parts: lazy(() => import('./areas/parts.tsx')),
} as const;

type Area = keyof typeof AREAS;

const words = {
  ko: {
    rail: '메뉴',
    leave: '나가기',
    other: 'English',
    dark: '어둡게',
    light: '밝게',
    docs: 'API 문서',
    people: '참여 화면',
    skip: '본문으로',
    nothing: '그런 화면은 없어요.',
    help: '단축키: / 찾기, g c 캠페인, ? 도움말',
    areas: {
      campaigns: '캠페인',
      letters: '못 쓴 사실',
      jobs: '작업',
      webhooks: '웹훅',
      audit: '감사 기록',
      parts: '구성',
    } satisfies Record<Area, string>,
  },
  en: {
    rail: 'Menu',
    leave: 'Leave',
    other: '한국어',
    dark: 'Dark',
    light: 'Light',
    docs: 'API reference',
    people: 'People’s page',
    skip: 'To the content',
    nothing: 'There is no such view.',
    help: 'Keys: / search, g c campaigns, ? help',
    areas: {
      campaigns: 'Campaigns',
      letters: 'Dead letters',
      jobs: 'Jobs',
      webhooks: 'Webhooks',
      audit: 'Audit log',
      parts: 'Parts',
    } satisfies Record<Area, string>,
  },
};

export function Shell() {
  const [inside, setInside] = useState(key.get() !== null);
  const queries = useQueryClient();
  const leave = (): void => {
    key.set(null);
    queries.clear();
    setInside(false);
  };
  if (!inside) return <SignIn onEnter={() => setInside(true)} />;
  return <Inside onLeave={leave} />;
}

function Inside({ onLeave }: { onLeave(): void }) {
  const w = useWords(words);
  const { parts } = usePlace();
  const [helping, setHelping] = useState(false);
  useKeys(() => setHelping((now) => !now));
  const area = (parts[0] ?? 'campaigns') as Area;
  const View = AREAS[area];
  return (
    <div className="frame">
      <a className="skip" href="#main">
        {w.skip}
      </a>
      <Rail area={area} onLeave={onLeave} />
      <main id="main" tabIndex={-1}>
        {helping ? (
          <p className="keys" role="status">
            {w.help}
          </p>
        ) : null}
        <Suspense fallback={<Loading />}>
          {View ? <View /> : <p className="state-says">{w.nothing}</p>}
        </Suspense>
      </main>
    </div>
  );
}

function Rail({ area, onLeave }: { area: Area; onLeave(): void }) {
  const w = useWords(words);
  const { language, speak } = useLanguage();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const isDark =
    colorScheme === 'dark' ||
    (colorScheme === 'auto' && window.matchMedia('(prefers-color-scheme: dark)').matches);
  useEffect(() => {
    document.documentElement.dataset['scheme'] = colorScheme;
  }, [colorScheme]);
  return (
    <nav className="rail" aria-label={w.rail}>
      <a className="brand" href={placeOf('campaigns')}>
        Dibs
      </a>
      <ul>
        {(Object.keys(AREAS) as Area[]).map((one) => (
          <li key={one}>
            <a href={placeOf(one)} aria-current={one === area ? 'page' : undefined}>
              {w.areas[one]}
            </a>
          </li>
        ))}
      </ul>
      <ul className="rail-foot">
        <li>
          <a href="/">{w.people}</a>
        </li>
        <li>
          <a href="/docs">{w.docs}</a>
        </li>
        <li>
          <button
            type="button"
            lang={language === 'ko' ? 'en' : 'ko'}
            onClick={() => speak(language === 'ko' ? 'en' : 'ko')}
          >
            {w.other}
          </button>
        </li>
        <li>
          <button type="button" onClick={() => setColorScheme(isDark ? 'light' : 'dark')}>
            {isDark ? w.light : w.dark}
          </button>
        </li>
        <li>
          <button type="button" onClick={onLeave}>
            {w.leave}
          </button>
        </li>
      </ul>
    </nav>
  );
}

/** `/` goes to the view's search, `g c` to the campaigns, `?` shows what there is. */
function useKeys(help: () => void): void {
  useEffect(() => {
    let wentG = false;
    const hear = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
      if (event.key === '/') {
        const search = document.querySelector<HTMLInputElement>('[data-search]');
        if (search) event.preventDefault();
        search?.focus();
      }
      if (event.key === '?') help();
      if (wentG && event.key === 'c') go('campaigns');
      wentG = event.key === 'g';
    };
    window.addEventListener('keydown', hear);
    return () => window.removeEventListener('keydown', hear);
  }, [help]);
}
