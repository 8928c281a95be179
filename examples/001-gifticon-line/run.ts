/**
 * Plays the document's event: people stand in line for 치킨 기프티콘, everybody can ask how many are before him, 10 a second
 * are let in and get theirs, and when nothing is left the event is over for everybody who still stands there.
 */

import { setTimeout as pause } from 'node:timers/promises';
import { Expectations, example, openCampaign, operate, untilRecorded } from '../client.ts';

const FILE = new URL('campaign.yaml', import.meta.url);
const PEOPLE = 150;
const PER_SECOND = 10;

/** A press, or how its person's try stands. */
interface Standing {
  verdict?: string;
  code?: string;
  reason?: string;
  ticket?: string;
  position?: number;
  ahead?: number;
  claim?: { seq: number; code: string; wonAt: string };
}

interface Person {
  name: string;
  position: number;
  ticket: string;
  /** the last that he was told */
  told: Standing;
}

async function call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<Standing> {
  const url = (process.env['DIBS_URL'] ?? 'http://127.0.0.1:8080').replace(/\/$/, '');
  const answer = await fetch(`${url}/v1/campaigns${path}`, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  return (await answer.json()) as Standing;
}

/** `addQueue`: a place in line. */
async function join(id: string, name: string): Promise<Person> {
  const told = await call('POST', `/${id}/claims`, { userId: name });
  return { name, position: told.position ?? 0, ticket: told.ticket ?? '', told };
}

/** Waits for his verdict; each answer comes when there is one, or after 10 seconds. */
async function waitFor(id: string, person: Person): Promise<void> {
  while (person.told.verdict === 'pending') {
    person.told = await call('GET', `/${id}/claims/${person.ticket}?userId=${person.name}&wait=10s`);
  }
  const { claim } = person.told;
  if (claim && claim.seq % PER_SECOND === 1) {
    console.log(`    '${person.name}'님의 치킨 기프티콘이 발급되었습니다 (${claim.code})`);
  }
}

/** `getOrder`: how many are before somebody, again and again, and whether that ever grew. */
async function watch(id: string, { name }: Person): Promise<boolean> {
  let before = Number.POSITIVE_INFINITY;
  for (;;) {
    const { verdict, ahead } = await call('GET', `/${id}/claims/me?userId=${name}`);
    if (verdict !== 'pending' || ahead === undefined) return true;
    console.log(`    '${name}'님의 현재 대기열은 ${ahead}명 남았습니다.`);
    if (ahead > before) return false;
    before = ahead;
    await pause(2000);
  }
}

/** The most gifticons in any second from one to the next, and how many a second over all. */
function paceOf(people: readonly Person[]): { most: number; perSecond: number } {
  const times = people.map(({ told }) => Date.parse(told.claim?.wonAt ?? '')).toSorted((a, b) => a - b);
  const most = Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 1000).length));
  const lastedMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
  return { most, perSecond: (1000 * (times.length - 1)) / lastedMs };
}

await example(async (suffix) => {
  const expect = new Expectations();
  const { id, quantity } = await openCampaign(FILE, suffix);
  console.log(`chickenEventScheduler → ${id}: ${PEOPLE} people in line, ${PER_SECOND} a second`);
  const people = await Promise.all(Array.from({ length: PEOPLE }, (_, i) => join(id, `people-${i + 1}`)));
  const inLine = people.toSorted((a, b) => a.position - b.position);
  const numbers = inLine.map(({ position }) => position);
  expect.equal(
    'numbers, one each from 1',
    numbers.every((number, i) => number === i + 1),
    true,
  );

  const last = inLine.at(-1) as Person;
  const again = await join(id, last.name);
  expect.equal(`'${last.name}' pressing again has the same number`, again.position, last.position);
  const leaver = inLine[50] as Person;
  leaver.told = await call('DELETE', `/${id}/claims/me?userId=${leaver.name}`);
  expect.equal(`'${leaver.name}', number ${leaver.position}, leaves`, leaver.told.reason, 'left');

  const [neverMore] = await Promise.all([watch(id, last), ...inLine.map((one) => waitFor(id, one))]);
  console.log('    ===== 선착순 이벤트가 종료되었습니다. =====');
  expect.equal("'N명 남았습니다' never grew", neverMore, true);
  const won = inLine.filter(({ told }) => told.verdict === 'won');
  const stayed = inLine.filter((one) => one !== leaver);
  expect.equal('gifticons', won.length, quantity);
  const isInOrder = won.every(({ name, told }, i) => name === stayed[i]?.name && told.claim?.seq === i + 1);
  expect.equal('to the first in line, in their order', isInOrder, true);
  expect.equal('codes, all different', new Set(won.map(({ told }) => told.claim?.code)).size, quantity);
  expect.equal('told sold_out', stayed.filter(({ told }) => told.verdict === 'sold_out').length, 49);
  const { most, perSecond } = paceOf(won);
  expect.equal(`${PER_SECOND} a second, within 5 %`, Math.abs(perSecond / PER_SECOND - 1) < 0.05, true);
  expect.equal(`never more than ${PER_SECOND + 1} in a second`, most <= PER_SECOND + 1, true);
  const late = await call('POST', `/${id}/claims`, { userId: 'late' });
  expect.equal('isEventEnded', late.code, 'sold_out');
  expect.equal('gifticons in the record', (await untilRecorded(id, quantity)).length, quantity);
  await operate('POST', `/campaigns/${id}/close`);
  await expect.integrity(id);
  expect.end();
});
