/** Each kind of answer has a colour and a pattern of its own: on paper, and to whoever sees no colours, they differ too. */

import type { AnswerGroup } from '../core/series.ts';

interface Look {
  /** class of the colour */
  colour: string;
  /** what is drawn in a tile of 8 by 8; empty: filled */
  tile: string;
}

const LOOKS: Readonly<Record<AnswerGroup, Look>> = {
  won: { colour: 'c-won', tile: '' },
  already_won: { colour: 'c-won', tile: '<path d="M-2 2L2 -2M0 8L8 0M6 10L10 6"/>' },
  pending: { colour: 'c-wait', tile: '' },
  sold_out: { colour: 'c-quiet', tile: '<path d="M-2 6L2 10M0 0L8 8M6 -2L10 2"/>' },
  refused: { colour: 'c-quiet', tile: '<path d="M2 2h1v1h-1zM6 6h1v1h-1z"/>' },
  rate_limited: { colour: 'c-wait', tile: '<path d="M0 2H8M0 6H8"/>' },
  unavailable: { colour: 'c-fault', tile: '' },
};

export function patternId(id: string, group: AnswerGroup): string {
  return `${id}-${group}`;
}

/** The definitions that fills of an SVG refer to. */
export function patterns(id: string, groups: readonly AnswerGroup[]): string {
  const made = groups.map((group) => {
    const { colour, tile } = LOOKS[group];
    const ground =
      tile === ''
        ? '<rect width="8" height="8" class="full"/>'
        : '<rect width="8" height="8" class="faint"/>';
    return (
      `<pattern id="${patternId(id, group)}" width="8" height="8" patternUnits="userSpaceOnUse" class="${colour}">` +
      `${ground}${tile}</pattern>`
    );
  });
  return `<defs>${made.join('')}</defs>`;
}

/** A small square of it, beside its name. */
export function swatch(id: string, group: AnswerGroup): string {
  return (
    `<svg class="swatch" width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">${patterns(id, [group])}` +
    `<rect x="0.5" y="0.5" width="15" height="15" fill="url(#${patternId(id, group)})" class="edge ${LOOKS[group].colour}"/></svg>`
  );
}

export function edgeClass(group: AnswerGroup): string {
  return LOOKS[group].colour;
}
