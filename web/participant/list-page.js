// @ts-check
/** The list of campaigns: each with its state and what is left, kept fresh while somebody looks. */

import { hintClock, serverNow } from './clock.js';
import { make, part } from './dom.js';
import { homeWords } from './home-words.js';
import { count, moment } from './language.js';
import { stateOf } from './states.js';
import { words } from './words.js';

const AGAIN_MS = 4_000;

export function listPage() {
  /** @type {import('./live.js').Campaign[] | null} */
  let items = null;
  let away = false;

  async function read() {
    try {
      const answer = await fetch('/v1/campaigns?limit=100');
      const body = await answer.json();
      items = answer.ok ? body.items : items;
      hintClock(body.items?.[0]?.serverTime);
      away = !answer.ok;
    } catch {
      away = true;
    }
    render();
  }

  function render() {
    const w = homeWords();
    part('list-title').textContent = w.listTitle;
    part('list-says').textContent = away ? w.away : items?.length === 0 ? w.listEmpty : '';
    if (items) part('rows').replaceChildren(...items.map(row));
  }

  void read();
  setInterval(
    () => {
      if (document.visibilityState === 'visible') void read();
    },
    AGAIN_MS * (1 + Math.random() / 2),
  );
  part('list').hidden = false;
  return render;
}

/** @param {import('./live.js').Campaign} campaign */
function row(campaign) {
  const now = serverNow();
  const sight = {
    missing: false,
    mine: null,
    asking: null,
    place: null,
    left: null,
    refused: null,
    armed: false,
    reached: true,
    signin: false,
  };
  const state = stateOf({ ...sight, campaign, now });
  const link = make('a', 'row');
  link.setAttribute('href', `/c/${encodeURIComponent(campaign.id)}`);
  link.dataset.state = state;
  const what = make('span', 'row-what');
  const says = make('span', 'state');
  const when =
    state === 'scheduled' && campaign.opensAt ? ` · ${moment(Date.parse(campaign.opensAt), now)}` : '';
  says.append(make('span', 'shape'), make('span', '', words().state[state] + when));
  what.append(make('span', 'row-name', campaign.name), says);
  const number = make(
    'span',
    'row-number',
    count(state === 'scheduled' ? campaign.quantity : campaign.remaining),
  );
  number.append(make('span', 'row-of', `/ ${count(campaign.quantity)}`));
  link.append(what, number);
  const item = make('li', '');
  item.append(link);
  return item;
}
