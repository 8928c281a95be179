// @ts-check
/** The operators' page: a key, the campaigns with what went out, an integrity report, and what to type next. */

import { campaigns, integrity, key, setKey, Trouble } from './api.js';
import { CALLS, COMMANDS } from './reference.js';
import { language, switchLanguage, time, words } from './words.js';

const AGAIN_MS = 2_000;

/** @type {{ items: import('./api.js').Campaign[] | null, chosen: string | null, refused: boolean, away: boolean,
 *   report: { ok: boolean, checks: import('./api.js').Check[], at: string } | null }} */
const seen = { items: null, chosen: null, refused: false, away: false, report: null };

/** @template {HTMLElement} T @param {string} id @returns {T} */
const part = (id) => /** @type {T} */ (document.getElementById(id));

/** @param {string} tag @param {string} [text] @param {string} [name] */
function make(tag, text = '', name = '') {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.textContent = text;
  return element;
}

async function read() {
  if (key() === null) return;
  try {
    seen.items = await campaigns();
    seen.away = false;
    seen.refused = false;
  } catch (error) {
    const refused = error instanceof Trouble && error.kind === 'refused';
    if (refused) setKey(null);
    Object.assign(seen, { refused, away: !refused });
  }
  draw();
}

/** @param {string} id */
async function readReport(id) {
  Object.assign(seen, { chosen: id, report: null });
  draw();
  try {
    const { ok, checks } = await integrity(id);
    if (seen.chosen === id) seen.report = { ok, checks, at: new Date().toISOString() };
  } catch {
    seen.away = true;
  }
  draw();
}

function draw() {
  const w = words();
  const inside = key() !== null && seen.items !== null;
  part('enter').hidden = inside;
  part('leave').hidden = !inside;
  part('inside').hidden = !inside;
  part('enter-says').textContent = seen.refused ? w.keyRefused : seen.away ? w.away : w.keyHint;
  part('enter-says').classList.toggle('bad', seen.refused);
  if (inside && seen.items) drawCampaigns(seen.items);
  drawReport();
}

/** @param {import('./api.js').Campaign[]} items */
function drawCampaigns(items) {
  const w = words();
  part('campaigns').hidden = items.length === 0;
  part('says').textContent = seen.away ? w.away : items.length === 0 ? w.empty : seen.chosen ? '' : w.pick;
  if (items.length === 0) part('says').append(make('code', `${COMMANDS[0]?.term}`));
  const focused =
    document.activeElement instanceof HTMLElement ? document.activeElement.dataset.id : undefined;
  part('rows').replaceChildren(...items.map(row));
  if (focused)
    part('rows')
      .querySelector(`[data-id="${CSS.escape(focused)}"]`)
      ?.dispatchEvent(new Event('refocus'));
}

/** @param {import('./api.js').Campaign} campaign */
function row(campaign) {
  const w = words();
  const issued = campaign.issued ?? campaign.quantity - (campaign.remaining ?? campaign.quantity);
  const line = make('tr');
  line.dataset.state = campaign.status;
  if (campaign.id === seen.chosen) line.className = 'chosen';
  const choose = /** @type {HTMLButtonElement} */ (make('button', campaign.name, 'choose'));
  choose.type = 'button';
  choose.dataset.id = campaign.id;
  choose.append(make('span', campaign.id, 'id'));
  choose.addEventListener('click', () => void readReport(campaign.id));
  choose.addEventListener('refocus', () => choose.focus());
  const name = make('th');
  name.setAttribute('scope', 'row');
  name.append(choose);
  const status = make('td');
  const says = make('span', '', 'state');
  says.append(
    make('span', '', 'shape'),
    make('span', w.statuses[/** @type {keyof typeof w.statuses} */ (campaign.status)]),
  );
  status.append(says);
  const share = make('td', '', 'share');
  const bar = make('span', '', 'bar');
  bar.style.setProperty('--share', String(issued / campaign.quantity));
  share.append(bar);
  const digits = (/** @type {number} */ n) => n.toLocaleString(language());
  line.append(
    name,
    status,
    make('td', `${digits(issued)} / ${digits(campaign.quantity)}`, 'figure'),
    share,
    make('td', time(campaign.openedAt ?? campaign.opensAt), 'time'),
    make('td', time(campaign.closedAt ?? campaign.closesAt), 'time'),
    make('td', campaign.durability, 'quiet'),
  );
  return line;
}

function drawReport() {
  const w = words();
  const { chosen, report } = seen;
  part('report').hidden = chosen === null;
  if (chosen === null) return;
  part('report-title').textContent = `${w.report} · ${chosen}`;
  part('report-verdict').textContent = report === null ? '' : report.ok ? w.holds : w.broken;
  part('report').dataset.ok = String(report?.ok ?? '');
  part('report-at').textContent = report === null ? w.checking : w.checkedAt(time(report.at));
  part('checks').replaceChildren(...(report?.checks ?? []).map(check));
}

/** @param {import('./api.js').Check} check */
function check({ id, ok, basis, says, figures }) {
  const w = words();
  const nothingSeen = basis === 'sampled' && figures?.['compared'] === 0;
  const line = make('tr');
  line.dataset.ok = String(ok);
  const name = make('th', id);
  name.setAttribute('scope', 'row');
  const mark = make('td', '', 'mark-cell');
  mark.append(make('span', ok ? (nothingSeen ? '–' : '✓') : '✕', 'check'));
  const what = make('td', w.checks[/** @type {keyof typeof w.checks} */ (id)] ?? says ?? '');
  if (!ok && says) what.append(make('span', says, 'broken'));
  const sum = Object.entries(figures ?? {}).map(([figure, value]) => `${figure} ${show(figure, value)}`);
  if (basis === 'sampled') sum.unshift(w.sampled);
  line.append(mark, name, what, make('td', sum.join(' · '), 'figures'));
  return line;
}

/** A figure as people read it: moments are told as times. @param {string} name @param {unknown} value */
function show(name, value) {
  if (typeof value !== 'number') return value === null ? '–' : JSON.stringify(value);
  return name.endsWith('At') ? time(new Date(value).toISOString()) : value.toLocaleString(language());
}

function drawReference() {
  for (const [id, lines] of /** @type {const} */ ([
    ['commands', COMMANDS],
    ['calls', CALLS],
  ])) {
    part(id).replaceChildren(
      ...lines.flatMap((line) => {
        const term = make('dt');
        term.append(make('code', line.term));
        return [term, make('dd', line[language()])];
      }),
    );
  }
}

function speak() {
  const w = words();
  document.documentElement.lang = language();
  document.title = w.title;
  part('language').textContent = w.other;
  for (const element of document.querySelectorAll('[data-say]')) {
    const say = /** @type {keyof typeof w} */ (/** @type {HTMLElement} */ (element).dataset.say);
    const text = w[say];
    if (typeof text === 'string') element.textContent = text;
  }
  drawReference();
  draw();
}

part('language').addEventListener('click', () => {
  switchLanguage();
  speak();
});
part('leave').addEventListener('click', () => {
  setKey(null);
  Object.assign(seen, { items: null, chosen: null, report: null });
  draw();
});
part('enter').addEventListener('submit', (event) => {
  event.preventDefault();
  const field = /** @type {HTMLInputElement} */ (part('key'));
  setKey(field.value.trim());
  field.value = '';
  void read();
});
setInterval(() => {
  if (document.visibilityState === 'visible') void read();
}, AGAIN_MS);
speak();
void read();
