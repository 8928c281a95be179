// The table of docs/reference/faults.md, made of what the tests leave behind. `UPDATE_FAULTS=1 npm run test:faults`
// writes it; any run prints it.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** where results are left */
    faultResults: string;
  }
}

/** One fault, as it went. */
export interface FaultResult {
  kind: 'fault';
  /** what was done, for people */
  fault: string;
  /** what the campaign promises when it says `won` */
  level: string;
  quantity: number;
  told: number;
  recorded: number;
  /** units that were kept back, because somebody may have been promised them, until the test gave them back */
  reserved: number;
  unknown: number;
  retries: number;
  closedMs: number;
  epoch: number;
  integrity: boolean;
}

/** One protection, taken out of a copy of the sources. */
export interface TakenOut {
  kind: 'taken-out';
  /** what is missing in the copy */
  protection: string;
  /** the fault that then goes wrong */
  fault: string;
  /** what the audit said */
  said: string;
}

const FILE = new URL('../../docs/reference/faults.md', import.meta.url);

export function leaveResult(folder: string, result: FaultResult | TakenOut): void {
  const name = (result.kind === 'fault' ? result.fault : result.protection).replaceAll(/\W+/g, '-');
  writeFileSync(join(folder, `${result.kind}-${name}.json`), JSON.stringify(result));
}

/** Vitest calls it once, before the first file of the project. */
export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'dibs-fault-results-'));
  project.provide('faultResults', folder);
  return () => {
    const results = readdirSync(folder)
      .sort()
      .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as FaultResult | TakenOut);
    rmSync(folder, { recursive: true, force: true });
    if (results.length === 0) return;
    const text = page(results);
    if (process.env['UPDATE_FAULTS'] === '1') writeFileSync(FILE, text);
    else process.stdout.write(`\n${text.slice(text.indexOf('| Fault'))}\n`);
  };
}

function page(results: (FaultResult | TakenOut)[]): string {
  const faults = results.filter((one) => one.kind === 'fault');
  const takenOut = results.filter((one) => one.kind === 'taken-out');
  return `# Faults

Made by \`UPDATE_FAULTS=1 npm run test:faults\` (test/faults), on real Redis, Kafka and MariaDB with several processes of
Dibs. In each row a crowd of people who retry presses at all processes, a fifth of them twice; the fault is made in the
middle; the rush goes on until everything is sold out. Then every answer is held against the record (invariants I1 to
I11 of the contract), the rows are counted in the database itself, and the server's own integrity report must be green.
In the rows of ordered campaigns there is no Redis: two processes that people press at, two that decide. People ask with
their tickets until they are told; then units must have gone out in the order of the log, and every ticket must be
answered by every process as it was before.

* **told** and **recorded**: winners by the answers, and by the database. Both must be the quantity.
* **kept**: below level \`logged\` numbers are leased to the gate in advance. After it lost its memory, those of which
  nobody knows whether they were promised are kept back for a day, or until an operator gives them back
  (\`dibs reconcile --release-reserved\`). The test does so after everything else was sold out, and lets more people in.
* **unknown**: tries without an answer, or answered 503 \`outcome_unknown\`. Each of these people asked again.
* **retries**: tries after somebody's first: what the fault cost the people.
* **closed**: the longest time in which nobody got a verdict, the service's own way back included: a killed broker needs
  several seconds until it serves, and a sentinel about ten until the old primary is a replica again, without which
  nobody can be told at \`replicated\`. Whoever was refused asks again after a second. Numbers depend on the machine: two
  cores carry all services, all processes and the crowd.
* **Queued** rows are of people in line, who poll or hold the question, press twice, leave and come back, at all processes
  in turn, while more join: nobody's place may change, the number served may not go back, and units go out in the order
  of the places. **closed** is then the longest time in which nobody heard that he won.
* **epoch**: how often the gate was made anew, plus one.

| Fault | Level | Quantity | Told | Recorded | Kept | Unknown | Retries | Closed | Epoch | Integrity |
|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---|
${faults.map(faultRow).join('\n')}

## Protections taken out

The same tests on a copy of the sources from which one protection was taken out. They must fail, or they would prove
nothing.

| Taken out | Fault | What the audit found |
|---|---|---|
${takenOut.map(({ protection, fault, said }) => `| ${protection} | ${fault} | ${inBrief(said)} |`).join('\n')}
`;
}

function faultRow(one: FaultResult): string {
  const closed = `${(one.closedMs / 1000).toFixed(1)} s`;
  const { fault, level, quantity, told, recorded, reserved, unknown, retries, epoch, integrity } = one;
  const cells = [
    fault,
    level,
    quantity,
    told,
    recorded,
    reserved,
    unknown,
    retries,
    closed,
    epoch,
    integrity ? 'ok' : 'BROKEN',
  ];
  return `| ${cells.join(' | ')} |`;
}

const SAID_MAX_CHARS = 160;

/** The first of what was found, for a cell. */
function inBrief(said: string): string {
  const first = said.split(/; (?=drop-)/)[0] ?? '';
  return first.slice(0, SAID_MAX_CHARS).replaceAll('|', '/');
}
