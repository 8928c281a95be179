/**
 * The ground of every plot: axes with their units, as SVG text. Colours are classes of the page's own style, so that a
 * plot is dark where the page is; no style attribute and no script, which the page's policy would not let through.
 */

import { escapeText } from './escape.ts';

/** One for wide pages and paper, one for tablets, one for phones: type keeps its size in all of them. */
export interface Size {
  name: 'wide' | 'middle' | 'narrow';
  width: number;
  height: number;
}

/** A plot as wide as the page, or two side by side where there is room. */
export const FULL: readonly Size[] = [
  { name: 'wide', width: 1000, height: 280 },
  { name: 'middle', width: 688, height: 250 },
  { name: 'narrow', width: 328, height: 220 },
];
export const HALF: readonly Size[] = [{ name: 'wide', width: 480, height: 250 }, ...FULL.slice(1)];

const LEFT = 46;
const RIGHT = 10;
/** a line for what the values are, and one for marks */
const TOP = 36;
const BOTTOM = 40;

export interface Axes {
  /** what is said of the plot to whoever cannot see it */
  title: string;
  describes: string;
  /** above the values: what they are, with their unit */
  yLabel: string;
  yTicks: readonly number[];
  yText: (value: number) => string;
  /** below the axis, with its unit */
  xLabel: string;
  /** 0 … 1 along the axis */
  xTicks: readonly { at: number; text: string }[];
}

/** Where a plot's values go. */
export interface Area {
  /** of a share 0 … 1 */
  x(share: number): number;
  y(value: number): number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** A figure with a plot of each size; `name` is unique in the page, and `draw` draws with ids that begin with `id`. */
export function plot(
  name: string,
  sizes: readonly Size[],
  axes: Axes,
  draw: (area: Area, id: string, size: Size) => string,
): string {
  return sizes.map((size) => oneSize(axes, size, `${name}-${size.name}`, draw)).join('');
}

function oneSize(
  axes: Axes,
  size: Size,
  id: string,
  draw: (area: Area, id: string, size: Size) => string,
): string {
  const area = areaOf(axes, size);
  const head =
    `<svg class="plot ${size.name}" viewBox="0 0 ${size.width} ${size.height}" width="${size.width}" ` +
    `height="${size.height}" role="img" aria-labelledby="${id}-t ${id}-d">`;
  const said = `<title id="${id}-t">${escapeText(axes.title)}</title><desc id="${id}-d">${escapeText(axes.describes)}</desc>`;
  return `${head}${said}${grid(axes, area, size)}${draw(area, id, size)}${baseline(area)}</svg>`;
}

function areaOf({ yTicks }: Axes, { width, height }: Size): Area {
  const [left, right, top, bottom] = [LEFT, width - RIGHT, TOP, height - BOTTOM];
  const max = yTicks.at(-1) || 1;
  return {
    ...{ left, right, top, bottom },
    x: (share) => round(left + share * (right - left)),
    y: (value) => round(bottom - (value / max) * (bottom - top)),
  };
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function grid(axes: Axes, area: Area, size: Size): string {
  const lines = axes.yTicks.map((value) => {
    const y = area.y(value);
    const line = value === 0 ? '' : `<path class="grid" d="M${area.left} ${y}H${area.right}"/>`;
    return `${line}<text class="tick" x="${area.left - 6}" y="${y + 4}" text-anchor="end">${escapeText(axes.yText(value))}</text>`;
  });
  const below = area.bottom + 16;
  const marks = axes.xTicks
    .filter((_, i) => size.width > 400 || i % 2 === 0)
    .map(({ at, text }) => {
      const x = area.x(at);
      const anchor = x < area.left + 12 ? 'start' : x > area.right - 22 ? 'end' : 'middle';
      return (
        `<path class="mark" d="M${x} ${area.bottom}v4"/>` +
        `<text class="tick" x="${x}" y="${below}" text-anchor="${anchor}">${escapeText(text)}</text>`
      );
    });
  const y = `<text class="axis" x="0" y="12">${escapeText(axes.yLabel)}</text>`;
  const x = `<text class="axis" x="${area.right}" y="${below + 18}" text-anchor="end">${escapeText(axes.xLabel)}</text>`;
  return y + x + lines.join('') + marks.join('');
}

function baseline(area: Area): string {
  return `<path class="base" d="M${area.left} ${area.bottom}H${area.right}"/>`;
}
