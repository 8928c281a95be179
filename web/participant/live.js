// @ts-check
/**
 * What goes on in a campaign, as it happens: server-sent events, read by `fetch` because an EventSource can send no
 * token; and when there is no stream, the cacheable campaign every few seconds. A million pages may do this, so every
 * wait is spread.
 */

import * as who from './who.js';

const POLL_MS = 3_000;
const SILENT_MS = 45_000;
const AGAIN_FIRST_MS = 2_000;
const AGAIN_MAX_MS = 30_000;

/**
 * @typedef {object} Campaign as the server tells it
 * @property {string} id
 * @property {string} name
 * @property {string} mode
 * @property {number} quantity
 * @property {number} remaining
 * @property {string} status
 * @property {string | null} opensAt
 * @property {string | null} closesAt
 * @property {Record<string, unknown> | null} benefit
 * @property {string} [serverTime]
 * @property {number} [servingNumber] queued mode: the highest number let in
 * @property {string | null} [lastWonAt] not told by the stream
 * @property {'name' | 'token'} [signIn] how one says who one is
 * @property {number} [pressSpreadMs] within how long of the opening pages press by themselves
 * @property {{ shuffle?: object }} [line] queued mode; `shuffle`: who joins before the opening is placed by lot
 */

/**
 * @typedef {object} Listener
 * @property {(news: Partial<Campaign>) => void} onCampaign
 * @property {(data: any) => void} onVerdict
 * @property {() => void} onMissing
 * @property {(reached: boolean) => void} onReach whether the server could be reached
 */

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** @param {number} ms */
const spread = (ms) => ms * (0.75 + Math.random() * 0.5);
/** @param {string} id */
const pathOf = (id) => who.api(`/v1/campaigns/${encodeURIComponent(id)}`);

/**
 * Follows a campaign until stopped.
 * @param {string} id
 * @param {Listener} listener
 * @returns {() => void} stops it
 */
export function follow(id, listener) {
  const stop = new AbortController();
  const state = { lastEventId: '', againMs: AGAIN_FIRST_MS };
  void (async () => {
    if (!(await poll(id, listener, stop.signal))) return;
    while (!stop.signal.aborted) {
      const startedAt = performance.now();
      await alone(() => stream(id, listener, state, stop.signal));
      if (performance.now() - startedAt > SILENT_MS) state.againMs = AGAIN_FIRST_MS;
      const until = performance.now() + spread(state.againMs);
      state.againMs = Math.min(AGAIN_MAX_MS, state.againMs * 2);
      while (!stop.signal.aborted && performance.now() < until) {
        if (!(await poll(id, listener, stop.signal))) return;
        await pause(spread(Math.min(POLL_MS, Math.max(250, until - performance.now()))));
      }
    }
  })();
  return () => stop.abort();
}

/** Asks once, a little later, for what the stream does not tell. @param {string} id @param {Listener} listener */
export function askLater(id, listener) {
  setTimeout(() => void poll(id, listener, new AbortController().signal), spread(POLL_MS / 2));
}

/** @param {string} id @param {Listener} listener @param {AbortSignal} signal @returns {Promise<boolean>} go on? */
async function poll(id, listener, signal) {
  try {
    const answer = await fetch(pathOf(id), { signal });
    if (answer.status === 404) {
      listener.onMissing();
      return false;
    }
    listener.onReach(answer.ok);
    if (answer.ok) listener.onCampaign(await answer.json());
  } catch {
    if (!signal.aborted) listener.onReach(false);
  }
  return !signal.aborted;
}

/**
 * A browser opens few connections to one server: of all its tabs one has the stream, and the others ask.
 * @param {() => Promise<void>} read
 */
const alone = (read) =>
  navigator.locks
    ? navigator.locks.request('dibs.stream', { ifAvailable: true }, (lock) => lock && read())
    : read();

/**
 * Reads one stream to its end. Comes back, and never throws, when it is cut, refused or silent for too long.
 * @param {string} id
 * @param {Listener} listener
 * @param {{ lastEventId: string }} state
 * @param {AbortSignal} stopped
 */
async function stream(id, listener, state, stopped) {
  const silent = new AbortController();
  let timer = setTimeout(() => silent.abort(), SILENT_MS);
  try {
    const answer = await fetch(`${pathOf(id)}/events${who.query()}`, {
      headers: {
        accept: 'text/event-stream',
        ...(state.lastEventId ? { 'last-event-id': state.lastEventId } : {}),
        ...who.headers(),
      },
      cache: 'no-store',
      signal: AbortSignal.any([stopped, silent.signal]),
    });
    if (!answer.ok || answer.body === null) return;
    listener.onReach(true);
    let rest = '';
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      clearTimeout(timer);
      timer = setTimeout(() => silent.abort(), SILENT_MS);
      const blocks = (rest + part.value).split(/\r?\n\r?\n/);
      rest = blocks.pop() ?? '';
      for (const block of blocks) tell(block, listener, state);
    }
  } catch {
    // cut, refused or silent: whoever called falls back to asking
  } finally {
    clearTimeout(timer);
  }
}

/** @param {string} block @param {Listener} listener @param {{ lastEventId: string }} state */
function tell(block, listener, state) {
  let event = 'message';
  let data = '';
  for (const line of block.split(/\r?\n/)) {
    if (line.startsWith('event:')) event = line.slice(6).trim();
    else if (line.startsWith('data:')) data += line.slice(5).trimStart();
    else if (line.startsWith('id:')) state.lastEventId = line.slice(3).trim();
  }
  if (!data) return;
  const value = JSON.parse(data);
  if (event === 'verdict') listener.onVerdict(value);
  else if (event === 'remaining' && typeof value === 'number') listener.onCampaign({ remaining: value });
  else if (event === 'status' && typeof value === 'string') listener.onCampaign({ status: value });
  else if (['status', 'remaining', 'serving'].includes(event)) listener.onCampaign(value);
}
