// @ts-check
/**
 * Who is pressing: a bearer token handed over in the address, in a cookie or by the page around a button, or a name
 * kept on this device; and what this device remembers of a press, so that a reload is the same press and not a second one.
 */

const USER = 'dibs.user';
const TOKEN = 'dibs.token';
const COOKIE = 'dibs_token';

/** What the page around a button says; our own pages say nothing. */
const said = {
  base: '',
  user: /** @type {string | null} */ (null),
  token: /** @type {string | null} */ (null),
};

/** @param {Partial<typeof said>} more where the server is, and who is pressing */
export const settle = (more) => void Object.assign(said, more);

/** A path of the API, as a full address when the page is not the server's own. @param {string} path */
export const api = (path) => said.base + path;

/**
 * Takes a token out of `#token=…`, keeps it for this tab and removes it from the address, so that it is neither
 * bookmarked nor passed on.
 */
export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (!given) return;
  sessionStorage.setItem(TOKEN, given);
  history.replaceState(null, '', location.pathname + location.search);
}

/** Read anew each time: the shop may renew its cookie while this page is open. */
export const token = () => said.token ?? (said.base ? null : (sessionStorage.getItem(TOKEN) ?? cookie()));

function cookie() {
  const found = document.cookie.split('; ').find((one) => one.startsWith(`${COOKIE}=`));
  return found ? decodeURIComponent(found.slice(COOKIE.length + 1)) : null;
}

/** The name given on this device; null when there is none yet, or when a token says who it is. */
export const userId = () => (token() ? null : (said.user ?? (said.base ? null : localStorage.getItem(USER))));

/** Whom the token names. For showing and remembering only: the server is who checks it. */
function subject() {
  try {
    const [, part = ''] = (token() ?? '').split('.');
    const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (sign) =>
      sign.charCodeAt(0),
    );
    return String(JSON.parse(new TextDecoder().decode(bytes)).sub);
  } catch {
    return '';
  }
}

export const displayName = () => userId() ?? subject();

/** Whether somebody is known at all. */
export const isKnown = () => token() !== null || userId() !== null;

/** @param {string | null} name */
export function setUserId(name) {
  if (name === null) localStorage.removeItem(USER);
  else localStorage.setItem(USER, name);
}

/** @returns {Record<string, string>} */
export function headers() {
  const bearer = token();
  return bearer ? { authorization: `Bearer ${bearer}` } : {};
}

/** `?userId=…` for everything that is not a POST; empty under a token. */
export function query() {
  const user = userId();
  return user === null ? '' : `?userId=${encodeURIComponent(user)}`;
}

/** By the name the token says, not by its text: a renewed token is the same person. @param {string} campaignId */
const place = (campaignId) => `dibs.press.${campaignId}.${userId() ?? `#${subject()}`}`;

/** @typedef {'armed' | 'pending' | 'answered'} Mark how far a press has come */

/**
 * The press kept for this campaign and person, over reloads and in all tabs.
 * @param {string} campaignId
 * @returns {{ key: string, mark: Mark } | null}
 */
export function keptPress(campaignId) {
  const [mark, key] = (localStorage.getItem(place(campaignId)) ?? '').split(' ');
  return mark && key ? { key, mark: /** @type {Mark} */ (mark) } : null;
}

/**
 * Notes how far a press has come, before anything is sent. Its key is made once and stays the same for good.
 * @param {string} campaignId
 * @param {Mark} mark
 * @returns {string} the key
 */
export function keepPress(campaignId, mark) {
  const key = keptPress(campaignId)?.key ?? randomKey();
  localStorage.setItem(place(campaignId), `${mark} ${key}`);
  return key;
}

/**
 * Does another tab that changes this key press, hear its answer, or say that somebody else is pressing?
 * @param {string} campaignId
 * @param {string | null} key null: all of them
 */
export const isOfPress = (campaignId, key) => key === USER || key === null || key === place(campaignId);

/** `crypto.randomUUID` exists on secure origins only; this works on any. */
function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
