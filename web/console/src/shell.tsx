/** The frame: the rail on the left, the view in the middle, and what the keyboard does everywhere. */

import { Modal, useMantineColorScheme } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from 'react';
import { key, Trouble } from './api.ts';
import { useLanguage, useWords } from './language.tsx';
import { Guard } from './parts/guard.tsx';
import { useWho } from './parts/role.tsx';
import { Loading } from './parts/states.tsx';
import { go, leaveBy, placeOf, usePlace } from './route.ts';
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
    help: '단축키',
    close: '닫기',
    keys: [
      ['/', '이 화면에서 찾기'],
      ['g c', '캠페인 목록'],
      ['g d', '데드 레터'],
      ['g j', '작업'],
      ['n', '새 캠페인'],
      ['↑ ↓', '표에서 위아래'],
      ['Enter', '고른 줄 열기'],
      ['?', '이 도움말'],
    ],
    role: { read: '보기 권한', operate: '운영 권한', admin: '관리 권한' },
    areas: {
      campaigns: '캠페인',
      letters: '데드 레터',
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
    help: 'Keys',
    close: 'Close',
    keys: [
      ['/', 'Search in this view'],
      ['g c', 'Campaigns'],
      ['g d', 'Dead letters'],
      ['g j', 'Jobs'],
      ['n', 'New campaign'],
      ['↑ ↓', 'Up and down in a table'],
      ['Enter', 'Open the row'],
      ['?', 'This help'],
    ],
    role: { read: 'May read', operate: 'May operate', admin: 'May do all' },
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
  const [expired, setExpired] = useState(false);
  const queries = useQueryClient();
  const leave = useCallback(
    (because: 'asked' | 'expired'): void => {
      key.set(null);
      queries.clear();
      setExpired(because === 'expired');
      setInside(false);
    },
    [queries],
  );
  // A key that was revoked while it was in use lets nobody stay.
  useEffect(
    () =>
      queries.getQueryCache().subscribe((event) => {
        if (event.type !== 'updated' || event.action.type !== 'error') return;
        const { error } = event.action;
        if (error instanceof Trouble && error.status === 401 && key.get() !== null) leave('expired');
      }),
    [queries, leave],
  );
  if (!inside) return <SignIn expired={expired} onEnter={() => setInside(true)} />;
  return <Inside onLeave={() => leaveBy(() => leave('asked'))} />;
}

function Inside({ onLeave }: { onLeave(): void }) {
  const w = useWords(words);
  const { parts } = usePlace();
  const [helping, setHelping] = useState(false);
  const main = useRef<HTMLElement>(null);
  useKeys(() => setHelping((now) => !now));
  const area = (parts[0] ?? 'campaigns') as Area;
  const View = Object.hasOwn(AREAS, area) ? AREAS[area] : null;
  const where = parts.join('/');
  const was = useRef(where);
  useEffect(() => {
    const [, one = ''] = where.split('/');
    document.title = [one.startsWith('+') ? '' : one, w.areas[area], 'Dibs'].filter(Boolean).join(' · ');
    // What had the focus has gone with the view before: the keyboard goes on from the top of this one.
    const hasMoved = was.current !== where;
    was.current = where;
    if (hasMoved && document.activeElement === document.body) main.current?.focus({ preventScroll: true });
  }, [where, area, w]);
  return (
    <div className="frame">
      <button type="button" className="skip" onClick={() => main.current?.focus()}>
        {w.skip}
      </button>
      <Rail area={area} onLeave={onLeave} />
      <main id="main" ref={main} tabIndex={-1}>
        <Guard place={where}>
          <Suspense fallback={<Loading />}>
            {View ? <View /> : <p className="state-says">{w.nothing}</p>}
          </Suspense>
        </Guard>
      </main>
      <Modal
        opened={helping}
        onClose={() => setHelping(false)}
        title={w.help}
        closeButtonProps={{ 'aria-label': w.close }}
      >
        <dl className="key-list">
          {w.keys.map(([name, does]) => (
            <div key={name}>
              <dt>
                <kbd>{name}</kbd>
              </dt>
              <dd>{does}</dd>
            </div>
          ))}
        </dl>
      </Modal>
    </div>
  );
}

function Rail({ area, onLeave }: { area: Area; onLeave(): void }) {
  const w = useWords(words);
  const { language, speak } = useLanguage();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { data: who } = useWho();
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
        {who ? (
          <li className="rail-says">
            {w.role[who.role]}
            <br />
            <span className="rail-key">{who.id}</span>
          </li>
        ) : null}
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

/** Where `g` and a letter go. */
const GOES: Readonly<Record<string, string[]>> = { c: ['campaigns'], d: ['letters'], j: ['jobs'] };

/** `/` goes to the view's search, `g c` to the campaigns, `n` makes a new one, `?` shows what there is. */
function useKeys(help: () => void): void {
  const helps = useRef(help);
  helps.current = help;
  useEffect(() => {
    let wentG = false;
    const hear = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable) return;
      const isDialogOpen = document.querySelector('[role="dialog"]') !== null;
      if (event.key === '?') helps.current();
      if (isDialogOpen) return;
      if (event.key === '/') {
        const search = document.querySelector<HTMLInputElement>('[data-search]');
        if (search) event.preventDefault();
        search?.focus();
      }
      const place = wentG ? GOES[event.key] : event.key === 'n' ? ['campaigns', '+new'] : undefined;
      if (place) go(...place);
      wentG = event.key === 'g';
    };
    window.addEventListener('keydown', hear);
    return () => window.removeEventListener('keydown', hear);
  }, []);
}
