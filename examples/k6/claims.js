// A crowd by k6 (https://k6.io), in an open model: people come at a rate of their own, however slow the answers are.
// That is what a real opening does, and what a load test with a fixed number of busy users hides. Every fifth person
// presses twice at once, at two API processes when there are more than one. Every answer is checked, not only counted.

import { check, sleep } from 'k6';
import crypto from 'k6/crypto';
import encoding from 'k6/encoding';
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter, Trend } from 'k6/metrics';

const setting = (name, fallback) => __ENV[name] || fallback;
/** One address, or those of all API processes with commas between them. */
const urls = setting('DIBS_URL', 'http://127.0.0.1:8080').split(',');
const adminKey = setting('DIBS_ADMIN_KEY', '');
/** For a server with DIBS_AUTH=jwt: what its tokens are signed with. */
const jwtSecret = setting('DIBS_JWT_SECRET', '');
const quantity = Number(setting('QUANTITY', 100));
const perSecond = Number(setting('PER_SECOND', 1000));
const seconds = Number(setting('SECONDS', 10));
const durability = setting('DURABILITY', urls.length > 1 ? 'logged' : 'disk');

const TRIES_MAX = 30;
const RECORDED_WITHIN_S = 30;

const winners = new Counter('dibs_winners');
const soldOut = new Counter('dibs_sold_out');
const askedAgain = new Counter('dibs_asked_again');
const wonMs = new Trend('dibs_won_ms', true);
const soldOutMs = new Trend('dibs_sold_out_ms', true);

export const options = {
  scenarios: {
    opening: {
      executor: 'constant-arrival-rate',
      rate: perSecond,
      timeUnit: '1s',
      duration: `${seconds}s`,
      // Enough for answers that take a second: making more in the middle takes k6 longer than that.
      preAllocatedVUs: Math.min(2000, perSecond),
      maxVUs: 5000,
    },
  },
  thresholds: {
    checks: ['rate==1'],
    // Not one more and, as more people come than there are units, not one less.
    dibs_winners: [`count==${quantity}`],
    dibs_won_ms: [`p(99)<${setting('WON_P99_MS', 250)}`],
    dibs_sold_out_ms: [`p(99)<${setting('SOLD_OUT_P99_MS', 100)}`],
    // People who did not get to press because k6 had no one free to press for them: then the rate was not kept.
    dropped_iterations: ['count==0'],
  },
  summaryTrendStats: ['min', 'med', 'p(90)', 'p(99)', 'max'],
};

// A refusal is a good answer here; only what is neither is counted as failed.
http.setResponseCallback(http.expectedStatuses(200, 201, 202, 409));

/** Makes a campaign of its own for this run and opens it. */
export function setup() {
  const id = `k6-${Date.now().toString(36)}`;
  const campaign = { id, name: 'k6', kind: 'coupon', quantity, durability, codes: { source: 'generated' } };
  must(201, operate('POST', '/campaigns', campaign));
  must(200, operate('POST', `/campaigns/${id}/open`));
  return { id };
}

/** One person: a press, or two at once, and a look at whether the answers fit together. */
export default function person({ id }) {
  const turn = exec.scenario.iterationInTest;
  const userId = `u-${turn}`;
  const presses = [turn, turn + 1].slice(0, turn % 5 === 0 ? 2 : 1);
  const requests = presses.map((at) => press(id, userId, urls[at % urls.length]));
  const told = http.batch(requests).map((answer, i) => settled(answer, requests[i], userId, id));
  const seqs = told.flatMap(({ claim }) => (claim ? [claim.seq] : []));
  check(told, {
    'a win or a refusal, nothing else': (all) => all.every(({ known }) => known),
    'both presses got the same answer': () => seqs.length === 0 || seqs.length === told.length,
    'one person, one unit': () => new Set(seqs).size <= 1,
    'won at most once': (all) => all.filter(({ verdict }) => verdict === 'won').length <= 1,
  });
  if (seqs.length > 0) winners.add(1);
  else soldOut.add(1);
}

/** The server's own report, once everything is recorded. */
export function teardown({ id }) {
  let report = {};
  for (let waited = 0; waited < RECORDED_WITHIN_S && !report.ok; waited += 0.5) {
    report = operate('GET', `/campaigns/${id}/integrity`).json();
    if (!report.ok) sleep(0.5);
  }
  check(report, { 'every invariant holds': ({ ok }) => ok === true });
  console.log(`${id}: ${report.checks.map((one) => `${one.id} ${one.ok ? '✓' : '✗'}`).join('  ')}`);
}

function press(id, userId, url) {
  const headers = { 'content-type': 'application/json' };
  if (jwtSecret) headers.authorization = `Bearer ${token(userId)}`;
  return {
    method: 'POST',
    url: `${url}/v1/campaigns/${id}/claims`,
    body: JSON.stringify(jwtSecret ? {} : { userId }),
    params: { headers, tags: { name: 'claim' } },
  };
}

/** What is busy, cut off or still on its way is asked again, as a good client does it: that is always safe. */
function settled(first, request, userId, id) {
  let answer = first;
  for (let tries = 1; tries < TRIES_MAX && [0, 202, 429, 503].includes(answer.status); tries += 1) {
    askedAgain.add(1);
    sleep(answer.status === 202 ? 0.05 : Number(answer.headers['Retry-After'] || 0.2));
    answer = http.request(request.method, request.url, request.body, request.params);
  }
  const body = answer.body ? answer.json() : {};
  const verdict = body.verdict || body.code;
  if (answer.status === 201) wonMs.add(answer.timings.duration);
  if (verdict === 'sold_out') soldOutMs.add(answer.timings.duration);
  const known = fits(answer.status, verdict, body, userId, id);
  if (!known) console.error(`${userId} at ${request.url}: ${answer.status} ${answer.body || answer.error}`);
  return { verdict, claim: body.claim, known };
}

function fits(status, verdict, { claim, campaignId }, userId, id) {
  if (status === 409) return verdict === 'sold_out' && campaignId === id;
  if (status !== 201 && status !== 200) return false;
  if (verdict !== (status === 201 ? 'won' : 'already_won') || !claim) return false;
  return claim.userId === userId && claim.campaignId === id && claim.seq >= 1 && claim.seq <= quantity;
}

function operate(method, path, body) {
  const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' };
  const params = { headers, tags: { name: 'operator' }, responseType: 'text' };
  return http.request(method, `${urls[0]}/v1/admin${path}`, body ? JSON.stringify(body) : null, params);
}

function must(status, answer) {
  if (answer.status === status) return;
  exec.test.abort(`${answer.request.method} ${answer.url}: ${answer.status} ${answer.body || answer.error}`);
}

/** HS256, as the login in front of Dibs would sign it. */
function token(userId) {
  const part = (value) => encoding.b64encode(JSON.stringify(value), 'rawurl');
  const exp = Math.floor(Date.now() / 1000) + 600;
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: userId, exp })}`;
  return `${signed}.${crypto.hmac('sha256', jwtSecret, signed, 'base64rawurl')}`;
}
