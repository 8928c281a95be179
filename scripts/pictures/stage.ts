/** What the pictures show: campaigns in each state, with the names of a language, and the crowds that press there. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export type Language = 'ko' | 'en';

export interface Place {
  url: string;
  adminKey: string;
}

interface Naming {
  /** what people read, and what one gets */
  names: Record<
    'chicken' | 'coffee' | 'stage' | 'parcel' | 'donut' | 'meal',
    [name: string, benefit: string]
  >;
  /** who looks at the participant's page */
  person: string;
  inLine: Record<'light' | 'dark', string>;
  crowd: string[];
}

export const NAMING: Record<Language, Naming> = {
  ko: {
    names: {
      chicken: ['후라이드 치킨 100마리', '후라이드 치킨 한 마리'],
      coffee: ['아침 커피 5,000잔', '아메리카노 한 잔'],
      stage: ['앙코르 공연 200석', '1층 지정석 한 자리'],
      parcel: ['무료 배송 쿠폰', '다음 주문 배송비 무료'],
      donut: ['도넛 12개 세트', '글레이즈드 도넛 12개'],
      meal: ['편의점 5,000원권', '5,000원 교환권'],
    },
    person: '민지',
    inLine: { light: '서준', dark: '하린' },
    crowd: ['서연', '도윤', '하준', '지우', '수아', '예준', '시우', '하은', '지호', '유나'],
  },
  en: {
    names: {
      chicken: ['100 fried chickens', 'One fried chicken'],
      coffee: ['5,000 morning coffees', 'One americano'],
      stage: ['Encore: 200 seats', 'One seat in the stalls'],
      parcel: ['Free delivery', 'Your next order comes free of charge'],
      donut: ['Box of 12 donuts', '12 glazed donuts'],
      meal: ['Corner shop, 5 off', 'A voucher worth 5'],
    },
    person: 'minji',
    inLine: { light: 'kate', dark: 'liam' },
    crowd: ['ann', 'ben', 'carla', 'dan', 'eva', 'finn', 'grace', 'hugo', 'iris', 'jon'],
  },
};

const DIBS = fileURLToPath(new URL('../../src/cli/dibs.ts', import.meta.url));
const MINUTE_MS = 60_000;

/** An operator's call. Throws with the server's own words when it is refused. */
export async function operate(place: Place, method: string, path: string, body?: object): Promise<unknown> {
  const answer = await fetch(`${place.url}/v1/admin${path}`, {
    method,
    headers: { authorization: `Bearer ${place.adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body ?? {}),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

export async function press(place: Place, campaignId: string, userId: string): Promise<unknown> {
  const answer = await fetch(`${place.url}/v1/campaigns/${campaignId}/claims`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ userId }),
  });
  return answer.json();
}

/** Sends a crowd by `dibs rush`; its process, which ends with it. */
export function sendCrowd(place: Place, campaignId: string, ...options: string[]): ChildProcess {
  const args = [
    DIBS,
    'rush',
    '--campaign',
    campaignId,
    '--url',
    place.url,
    '--key',
    place.adminKey,
    '--json',
  ];
  return spawn(process.execPath, [...args, ...options], { stdio: 'ignore' });
}

/** Makes the campaigns, and lets the crowds of those that are over come and go. */
export async function setStage(place: Place, language: Language): Promise<void> {
  const { names, crowd, person } = NAMING[language];
  const make = async (id: keyof Naming['names'], quantity: number, more: object, acts: string[] = []) => {
    const [name, title] = names[id];
    const made = { id, name, kind: 'gifticon', quantity, benefit: { title }, ...more };
    await operate(place, 'POST', '/campaigns', made);
    for (const act of acts) await operate(place, 'POST', `/campaigns/${id}/${act}`);
  };
  await make('meal', 500, { codes: { source: 'pool' } });
  await rehearse(place, 'meal');
  await make('parcel', 300, { opensAt: inMinutes(9), closesAt: inMinutes(24 * 60) });
  await make('donut', 12, {}, ['open']);
  for (const user of crowd.slice(0, 7)) await press(place, 'donut', user);
  await operate(place, 'POST', '/campaigns/donut/close');
  await make('stage', 200, { mode: 'queued', release: { perSecond: 0.1 } }, ['open']);
  for (const user of [...crowd, ...Array.from({ length: 7 }, (_, i) => `u-${i}`)]) {
    await press(place, 'stage', user);
  }
  await make('chicken', 100, {}, ['open']);
  for (const user of crowd.slice(0, 6)) await press(place, 'chicken', user);
  await press(place, 'chicken', person);
  await once(sendCrowd(place, 'chicken', '--users', '3000', '--rate', '900', '--concurrency', '50'), 'exit');
  await make('coffee', 5_000, {}, ['open']);
}

/** Plays a rehearsal with a kill in its middle, to its end. */
async function rehearse(place: Place, campaignId: string): Promise<void> {
  const path = `/campaigns/${campaignId}/rehearsals`;
  const wish = { users: 3_000, concurrency: 50, overSeconds: 8, kill: { part: 'server', atSecond: 3 } };
  let { id, state } = (await operate(place, 'POST', path, wish)) as { id: string; state: string };
  while (state === 'queued' || state === 'running') {
    await pause(500);
    const answer = await fetch(`${place.url}/v1/admin${path}/${id}`, {
      headers: { authorization: `Bearer ${place.adminKey}` },
    });
    ({ id, state } = (await answer.json()) as { id: string; state: string });
  }
}

function inMinutes(minutes: number): string {
  return new Date(Date.now() + minutes * MINUTE_MS).toISOString();
}
