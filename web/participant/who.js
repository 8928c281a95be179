// @ts-check
/**
 * Who is pressing: a bearer token handed over in the address, or a name kept on this device; and what this device
 * remembers of a press, so that a reload is the same press and not a second one.
 */

const USER = 'dibs.user';
const TOKEN = 'dibs.token';

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

export const token = () => sessionStorage.getItem(TOKEN);

/** The name given on this device; null when there is none yet, or when a token says who it is. */
export const userId = () => (token() ? null : localStorage.getItem(USER));

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

/** Under a token one tab is one person; its own text must not become a storage key. @param {string} campaignId */
const place = (campaignId) => `dibs.press.${campaignId}.${userId() ?? '#token'}`;
const storage = () => (token() ? sessionStorage : localStorage);

/** @typedef {'armed' | 'pending' | 'answered'} Mark how far a press has come */

/**
 * The press kept for this campaign and person, over reloads.
 * @param {string} campaignId
 * @returns {{ key: string, mark: Mark } | null}
 */
export function keptPress(campaignId) {
  const [mark, key] = (storage().getItem(place(campaignId)) ?? '').split(' ');
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
  storage().setItem(place(campaignId), `${mark} ${key}`);
  return key;
}

/** `crypto.randomUUID` exists on secure origins only; this works on any. */
function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
