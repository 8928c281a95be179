/** Where the console is: the part of the address behind #, so that every view has a link of its own. */

import { useSyncExternalStore } from 'react';

/** `#/campaigns/chicken/live?x=1` -> { parts: ['campaigns', 'chicken', 'live'], query } */
export interface Place {
  parts: string[];
  query: URLSearchParams;
}

/** Where the view that is shown is: the address, except while it is asked whether that may be left. */
let shown = window.location.hash;
const listeners = new Set<() => void>();
/** Asks before the view is left, and goes on when that is all right. */
let asks: ((goOn: () => void) => void) | null = null;

window.addEventListener('hashchange', () => {
  const wanted = window.location.hash;
  if (wanted === shown) return;
  if (asks === null) {
    shown = wanted;
    for (const changed of listeners) changed();
    return;
  }
  window.history.replaceState(null, '', shown || window.location.pathname);
  asks(() => {
    window.location.hash = wanted;
  });
});

/** From here on `ask` is asked before the view is left; null: it may be left. */
export function askBeforeLeaving(ask: typeof asks): void {
  asks = ask;
}

/** Goes on, at once or when it was asked whether the view may be left. */
export function leaveBy(goOn: () => void): void {
  if (asks === null) goOn();
  else asks(goOn);
}

function listen(changed: () => void): () => void {
  listeners.add(changed);
  return () => listeners.delete(changed);
}

export function usePlace(): Place {
  const hash = useSyncExternalStore(listen, () => shown);
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  return {
    parts: path.split('/').filter(Boolean).map(decodeURIComponent),
    query: new URLSearchParams(query),
  };
}

/** The address of a view. */
export function placeOf(...parts: string[]): string {
  return `#/${parts.map(encodeURIComponent).join('/')}`;
}

export function go(...parts: string[]): void {
  window.location.hash = placeOf(...parts);
}
