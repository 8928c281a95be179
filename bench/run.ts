/** `npm run bench [-- CASE…]`: runs the suite, prints ratios against their targets, writes bench/result.json. */

import { readFileSync, writeFileSync } from 'node:fs';
import { bulkBesideDrop } from './cases/bulk-beside-drop.ts';
import { claimPath } from './cases/claim-path.ts';
import { codesImport } from './cases/codes-import.ts';
import { coldStart } from './cases/cold-start.ts';
import { console as consoleCase } from './cases/console.ts';
import { crowdSize } from './cases/crowd-size.ts';
import { decider } from './cases/decider.ts';
import { issue } from './cases/issue.ts';
import { latency } from './cases/latency.ts';
import { line as lineCase } from './cases/line.ts';
import { mysqlRecord } from './cases/mysql-record.ts';
import { orderedWait } from './cases/ordered-wait.ts';
import { pageLoad } from './cases/page-load.ts';
import { pages } from './cases/pages.ts';
import { redeem } from './cases/redeem.ts';
import { redisGate } from './cases/redis-gate.ts';
import { sharedLine } from './cases/shared-line.ts';
import { sharedPath } from './cases/shared-path.ts';
import { sharedProcesses } from './cases/shared-processes.ts';
import { sharedRebuild } from './cases/shared-rebuild.ts';
import { sharedWait } from './cases/shared-wait.ts';
import { streams } from './cases/streams.ts';
import { webhooks } from './cases/webhooks.ts';
import type { Figure } from './measure.ts';
import { isShort } from './measure.ts';

const CASES: Readonly<Record<string, () => Promise<Figure[]>>> = {
  'claim-path': claimPath,
  latency,
  'cold-start': coldStart,
  'crowd-size': crowdSize,
  streams,
  webhooks,
  line: lineCase,
  pages,
  console: consoleCase,
  'page-load': pageLoad,
  decider,
  'redis-gate': redisGate,
  'mysql-record': mysqlRecord,
  redeem,
  'bulk-beside-drop': bulkBesideDrop,
  'codes-import': codesImport,
  issue,
  'shared-path': sharedPath,
  'shared-wait': sharedWait,
  'shared-line': sharedLine,
  'ordered-wait': orderedWait,
  'shared-rebuild': sharedRebuild,
  'shared-processes': sharedProcesses,
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
if (!isShort) keep(figures);

/** What was measured now takes the place of what was before; cases that did not run keep theirs. */
function keep(measured: Figure[]): void {
  const file = new URL('./result.json', import.meta.url);
  const before = (JSON.parse(readFileSync(file, 'utf8')) as { figures: Figure[] }).figures;
  const others = before.filter(({ id }) => !measured.some((one) => one.id === id));
  const result = { node: process.version, at: new Date().toISOString(), figures: [...others, ...measured] };
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
}
