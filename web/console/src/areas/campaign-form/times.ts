/** Times as `input type=datetime-local` has them, in the reader's zone, and as the server takes them. */

const two = (value: number): string => String(Math.abs(Math.trunc(value))).padStart(2, '0');

/** `2026-12-01T01:00:00Z` → `2026-12-01T10:00` in Seoul; null: empty. */
export function localText(time: string | null): string {
  if (time === null) return '';
  const at = new Date(time);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const seconds = at.getSeconds() === 0 ? '' : `:${two(at.getSeconds())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}${seconds}`;
}

/** `2026-12-01T10:00` → `2026-12-01T10:00:00+09:00` in Seoul; empty: null. */
export function withOffset(local: string): string | null {
  if (local === '') return null;
  const minutes = -new Date(local).getTimezoneOffset();
  // What is no time goes as it is, to be refused.
  if (Number.isNaN(minutes)) return local;
  const offset = `${minutes < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
  return `${local.length === 16 ? `${local}:00` : local}${offset}`;
}

/** The reader's zone by name, `Asia/Seoul`. */
export const zone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;
