/**
 * Figures that the composition measures, as text for Prometheus. Which there are depends on what runs, so they are
 * written as they come instead of being registered first.
 */

import type { GaugeReading } from './parts.ts';

/** Lines of the text format: readings of one name under one head, in the order of the first of them. */
export function renderGauges(readings: readonly GaugeReading[]): string {
  const byName = new Map<string, GaugeReading[]>();
  for (const reading of readings) {
    const same = byName.get(reading.name);
    if (same) same.push(reading);
    else byName.set(reading.name, [reading]);
  }
  const lines: string[] = [];
  for (const [name, same] of byName) {
    lines.push(`# HELP ${name} ${escapeText(same[0]?.help ?? '')}`, `# TYPE ${name} gauge`);
    for (const { labels, value } of same)
      lines.push(`${name}${labelText(labels ?? {})} ${numberText(value)}`);
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeText(value, true)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeText(text: string, quoted = false): string {
  const plain = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return quoted ? plain.replaceAll('"', '\\"') : plain;
}

/** The format has names of its own for what JavaScript calls Infinity. */
function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}
