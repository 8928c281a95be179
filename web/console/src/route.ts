/** Where the console is: the part of the address behind #, so that every view has a link of its own. */

import { useSyncExternalStore } from 'react';

/** `#/campaigns/chicken/live?x=1` -> { parts: ['campaigns', 'chicken', 'live'], query } */
export interface Place {
  parts: string[];
  query: URLSearchParams;
}

function listen(changed: () => void): () => void {
  window.addEventListener('hashchange', changed);
  return () => window.removeEventListener('hashchange', changed);
}

export function usePlace(): Place {
  const hash = useSyncExternalStore(listen, () => window.location.hash);
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
