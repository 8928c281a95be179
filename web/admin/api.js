// @ts-check
/** The operators' calls that this page makes, with the key that this tab keeps. */

const KEY = 'dibs.operator-key';

export const key = () => sessionStorage.getItem(KEY);

/** @param {string | null} value */
export function setKey(value) {
  if (value === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, value);
}

/**
 * @typedef {object} Campaign
 * @property {string} id
 * @property {string} name
 * @property {string} status
 * @property {number} quantity
 * @property {number} [issued]
 * @property {number} [remaining]
 * @property {string | null} opensAt
 * @property {string | null} closesAt
 * @property {string | null} [openedAt] opened by hand
 * @property {string | null} [closedAt] closed by hand
 * @property {string} durability
 * @property {string} mode
 */
/**
 * @typedef {object} Check
 * @property {string} id
 * @property {boolean} ok
 * @property {string} [basis]
 * @property {string} [says]
 * @property {Record<string, unknown>} [figures]
 */

/** `refused`: the key does not do. `away`: no answer, or not now. */
export class Trouble extends Error {
  /** @param {'refused' | 'away'} kind */
  constructor(kind) {
    super(kind);
    this.kind = kind;
  }
}

/** @param {string} path @returns {Promise<any>} @throws {Trouble} */
async function get(path) {
  let answer;
  try {
    answer = await fetch(`/v1/admin${path}`, {
      headers: { authorization: `Bearer ${key()}` },
      cache: 'no-store',
    });
  } catch {
    throw new Trouble('away');
  }
  if (answer.status === 401 || answer.status === 403) throw new Trouble('refused');
  if (!answer.ok) throw new Trouble('away');
  return answer.json();
}

/** Every campaign, newest first. @returns {Promise<Campaign[]>} */
export async function campaigns() {
  /** @type {Campaign[]} */
  const all = [];
  for (let cursor = ''; ; ) {
    const page = await get(`/campaigns?limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    all.push(...page.items);
    if (!page.next) return all;
    cursor = page.next;
  }
}

/** @param {string} id @returns {Promise<{ ok: boolean, checks: Check[] }>} */
export const integrity = (id) => get(`/campaigns/${encodeURIComponent(id)}/integrity`);
