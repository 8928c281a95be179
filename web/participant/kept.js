// @ts-check
/**
 * What one can do with a coupon: have it scanned, keep it as a picture, be reminded before it ends. Loaded only for who
 * has won, so that the crowd does not carry it. Everything is made on this page; nothing leaves it.
 */

import { make } from './dom.js';
import { inLanguage, moment, zoneAt } from './language.js';
import * as who from './who.js';

/** @typedef {import('./claim.js').Claim} Claim */

const ko = {
  picture: (/** @type {string} */ code) => `쿠폰 번호 ${code}의 그림`,
  qr: 'QR로 보기',
  code128: '바코드로 보기',
  save: '사진으로 저장',
  calendar: '기한을 달력에',
  until: (/** @type {string} */ time, /** @type {string} */ zone) => `${time}까지 쓸 수 있어요 (${zone})`,
  ends: (/** @type {string} */ name) => `쿠폰 기한: ${name}`,
};
/** @type {typeof ko} */
const en = {
  picture: (code) => `The code ${code} as a picture`,
  qr: 'Show as QR',
  code128: 'Show as barcode',
  save: 'Save as picture',
  calendar: 'Add the expiry to my calendar',
  until: (time, zone) => `Good until ${time} (${zone})`,
  ends: (name) => `Coupon ends: ${name}`,
};

/** How a saved picture is drawn, px. */
const PICTURE = { width: 720, height: 960, edge: 48, code: 420 };
const SPENT = new Set(['redeemed', 'expired', 'revoked']);
const AGAIN_MS = 3_000;

/** @type {{ key: string, type: 'qr' | 'code128', url: string }} the picture that is shown */
const shown = { key: '', type: 'qr', url: '' };
let drawn = '';

/** @param {HTMLElement} host @param {Claim} claim @param {string} name of the campaign @param {number} now epoch ms */
export function drawKept(host, claim, name, now) {
  const what = [claim.id, claim.status, claim.expiresAt, document.documentElement.lang, shown.type].join();
  if (what === drawn && host.hasChildNodes()) return;
  drawn = what;
  if (SPENT.has(claim.status)) return host.replaceChildren();
  const w = inLanguage({ ko, en });
  const image = make('img', 'scan');
  image.alt = w.picture(claim.code ?? '');
  const other = shown.type === 'qr' ? 'code128' : 'qr';
  image.dataset.type = shown.type;
  // Until it is there it is white space, not a broken picture.
  image.style.visibility = 'hidden';
  void fill(image, claim);
  const acts = make('p', 'keeps');
  acts.append(
    act(w[other], () => {
      shown.type = other;
      drawKept(host, claim, name, now);
    }),
    act(w.save, () => void savePicture(claim, name)),
  );
  const until = make('p', 'facts');
  if (claim.expiresAt) {
    const at = Date.parse(claim.expiresAt);
    until.textContent = w.until(moment(at, now), zoneAt(at));
    acts.append(
      act(w.calendar, () =>
        save(new Blob([calendar(claim, w.ends(name))], { type: 'text/calendar' }), 'ics'),
      ),
    );
  }
  const had = document.activeElement?.closest('.keeps')
    ? [...host.querySelectorAll('button')].indexOf(/** @type {any} */ (document.activeElement))
    : -1;
  host.replaceChildren(image, until, acts);
  if (had >= 0) host.querySelectorAll('button')[had]?.focus();
}

/** @param {string} label @param {() => void} does */
function act(label, does) {
  const button = make('button', 'plain', label);
  button.type = 'button';
  button.addEventListener('click', does);
  return button;
}

/** By our own call and not by the address of the image: a token goes in a header. @param {HTMLImageElement} image @param {Claim} claim */
async function fill(image, claim) {
  const { type } = shown;
  const key = `${claim.id} ${type}`;
  if (shown.key !== key) {
    const blob = await codeImage(claim, type);
    if (blob === 'none') return image.remove();
    if (blob === null) {
      setTimeout(() => image.isConnected && void fill(image, claim), AGAIN_MS * (1 + Math.random()));
      return;
    }
    if (shown.url) URL.revokeObjectURL(shown.url);
    Object.assign(shown, { key, url: URL.createObjectURL(blob) });
  }
  image.src = shown.url;
  image.style.visibility = '';
}

/** @param {Claim} claim @param {'qr' | 'code128'} type @returns {Promise<Blob | 'none' | null>} null: not now; none: never */
async function codeImage(claim, type) {
  const query = new URLSearchParams(who.query());
  query.set('type', type);
  const path = `/v1/me/coupons/${encodeURIComponent(claim.id)}/code.svg?${query}`;
  const answer = await fetch(who.api(path), { headers: who.headers() }).catch(() => null);
  if (answer?.ok) return new Blob([await answer.text()], { type: 'image/svg+xml' });
  return answer?.status === 422 ? 'none' : null;
}

/** The stub as a picture: name, number, code as QR and as text. @param {Claim} claim @param {string} name */
async function savePicture(claim, name) {
  const { width, height, edge, code } = PICTURE;
  const canvas = make('canvas', '');
  Object.assign(canvas, { width, height });
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const look = getComputedStyle(document.documentElement);
  pen.fillStyle = '#fff';
  pen.fillRect(0, 0, width, height);
  pen.fillStyle = '#16140f';
  pen.textAlign = 'center';
  const write = (/** @type {string} */ text, /** @type {number} */ y, /** @type {string} */ font) => {
    pen.font = font;
    pen.fillText(text, width / 2, y, width - edge * 2);
  };
  write(name, 108, `700 34px ${look.getPropertyValue('--sans')}`);
  write(`No. ${claim.seq.toLocaleString()}`, 230, `750 92px ${look.getPropertyValue('--sans')}`);
  const blob = await codeImage(claim, 'qr');
  if (blob instanceof Blob) {
    const image = new Image();
    image.src = URL.createObjectURL(blob);
    await image.decode();
    pen.drawImage(image, (width - code) / 2, 300, code, code);
    URL.revokeObjectURL(image.src);
  }
  write(claim.code ?? '', 810, `500 38px ${look.getPropertyValue('--mono')}`);
  if (claim.expiresAt) {
    const at = Date.parse(claim.expiresAt);
    write(
      inLanguage({ ko, en }).until(moment(at, 0), zoneAt(at)),
      876,
      `400 24px ${look.getPropertyValue('--sans')}`,
    );
  }
  canvas.toBlob((picture) => picture && save(picture, 'png'), 'image/png');
}

/** An event on the last moment, with a word a day before (RFC 5545). @param {Claim} claim @param {string} title */
function calendar(claim, title) {
  const at = (/** @type {number} */ ms) => `${new Date(ms).toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
  const text = (/** @type {string} */ value) => value.replaceAll(/[\\;,]/g, '\\$&').replaceAll('\n', '\\n');
  const end = Date.parse(claim.expiresAt ?? '');
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Dibs//EN',
    'BEGIN:VEVENT',
    `UID:${claim.id}@dibs`,
  ];
  lines.push(`DTSTAMP:${at(Date.parse(claim.wonAt))}`, `DTSTART:${at(end - 3_600_000)}`, `DTEND:${at(end)}`);
  lines.push(`SUMMARY:${text(title)}`, `DESCRIPTION:${text(claim.code ?? '')}`, `URL:${location.href}`);
  lines.push('BEGIN:VALARM', 'ACTION:DISPLAY', `DESCRIPTION:${text(title)}`, 'TRIGGER:-P1D', 'END:VALARM');
  lines.push('END:VEVENT', 'END:VCALENDAR', '');
  // Lines are folded at 75 bytes, and a sign has three at most.
  return lines.map((line) => line.replaceAll(/.{24}(?=.)/gu, '$&\r\n ')).join('\r\n');
}

/** @param {Blob} blob @param {string} ending */
function save(blob, ending) {
  const link = make('a', '');
  link.href = URL.createObjectURL(blob);
  link.download = `coupon.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), AGAIN_MS);
}
