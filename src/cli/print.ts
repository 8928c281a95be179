/** How the commands look in a terminal: aligned columns, one mark for each state, numbers with separators. */
import { stripVTControlCharacters } from 'node:util';
import color from 'picocolors';

export const marks = {
  ok: color.green('✓'),
  warn: color.yellow('!'),
  fail: color.red('✗'),
  skip: color.dim('–'),
};

export const say = (line = ''): void => void process.stdout.write(`${line}\n`);
/** For progress and remarks, so that what stands on stdout stays a result. */
export const whisper = (line: string): void => void process.stderr.write(`${line}\n`);
export const sayJson = (value: unknown): void => say(JSON.stringify(value, null, 2));

export const heading = (text: string): string => color.bold(text);
export const dim = (text: string): string => color.dim(text);
export const strong = (text: string): string => color.bold(text);

const grouping = new Intl.NumberFormat('en-US');
export const count = (value: number): string => grouping.format(value);

/** 0.84 ms, 12.3 ms, 420 ms, 3.21 s */
export function duration(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(ms >= 10_000 ? 1 : 2)} s`;
  return `${ms.toFixed(ms >= 100 ? 0 : ms >= 10 ? 1 : 2)} ms`;
}

export const percent = (part: number, whole: number): string =>
  whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`;

/** A bar of `width` cells for a share between 0 and 1, never empty for a share above 0. */
export function bar(share: number, width = 24): string {
  const eighths = Math.max(share > 0 ? 1 : 0, Math.round(share * width * 8));
  return '█'.repeat(eighths >> 3) + (['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths & 7] ?? '');
}

type Align = 'left' | 'right';

/** Rows in columns as wide as their widest cell; colours do not count. */
export function columns(
  rows: readonly (readonly string[])[],
  align: readonly Align[] = [],
  gap = 2,
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, width(cell));
  }
  return rows.map((row) =>
    row
      .map((cell, at) => {
        const space = ' '.repeat((widths[at] ?? 0) - width(cell));
        return align[at] === 'right' ? space + cell : cell + space;
      })
      .join(' '.repeat(gap))
      .trimEnd(),
  );
}

const width = (text: string): number => [...stripVTControlCharacters(text)].length;

/** A table with a dimmed head, indented. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  align: Align[] = [],
): string {
  const all = [head.map((cell) => color.dim(cell)), ...rows];
  return columns(all, align)
    .map((line) => `  ${line}`)
    .join('\n');
}
