/** `npm run bench [-- CASE…]`: runs the suite, prints ratios against their targets, writes bench/result.json. */

import { writeFileSync } from 'node:fs';
import { claimPath } from './cases/claim-path.ts';
import { coldStart } from './cases/cold-start.ts';
import { crowdSize } from './cases/crowd-size.ts';
import { latency } from './cases/latency.ts';
import { redisGate } from './cases/redis-gate.ts';
import { streams } from './cases/streams.ts';
import type { Figure } from './measure.ts';

const CASES: Readonly<Record<string, () => Promise<Figure[]>>> = {
  'claim-path': claimPath,
  latency,
  'cold-start': coldStart,
  'crowd-size': crowdSize,
  streams,
  'redis-gate': redisGate,
};

function line(one: Figure): string {
  const digits = one.unit === '×' ? 2 : 1;
  const range = `${one.min.toFixed(digits)}–${one.max.toFixed(digits)}`;
  const value = `${one.median.toFixed(digits)} ${one.unit}`;
  return `${one.met ? 'met   ' : 'MISSED'} ${one.id.padEnd(4)} ${value.padStart(12)}  (${range})  target ${one.target}  ${one.what}`;
}

const asked = process.argv.slice(2);
const names = asked.length > 0 ? asked : Object.keys(CASES);
const figures: Figure[] = [];
for (const name of names) {
  const run = CASES[name];
  if (!run) throw new Error(`no case ${name}; there are: ${Object.keys(CASES).join(', ')}`);
  process.stdout.write(`${name} …\n`);
  for (const one of await run()) {
    figures.push(one);
    process.stdout.write(`  ${line(one)}\n`);
    for (const [key, value] of Object.entries(one.notes)) process.stdout.write(`         ${key}: ${value}\n`);
  }
}
const result = { node: process.version, at: new Date().toISOString(), figures };
writeFileSync(new URL('./result.json', import.meta.url), `${JSON.stringify(result, null, 2)}\n`);
