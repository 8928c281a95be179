// What was told in a simulated world, held against its record by the same checker as a real crowd's answers.

import { checkHistory } from '../../src/core/history.ts';
import { T0 } from './samples.ts';
import type { Try } from './simulated-crowd.ts';
import type { Lived } from './simulated-world.ts';

export interface AuditRule {
  /** false: at this level and after this trouble a told win may have been lost; what was kept for it may not be given */
  keepsWins: boolean;
}

const OF_FREE = new Set(['I5', 'I11']);

/** Contradictions in words; empty when all is well. */
export function auditLife(lived: Lived, rule: AuditRule): string[] {
  const { campaign, tries, record, letters, unresolved, reserved, forgotten } = lived;
  const history = historyOf(tries);
  const truth = {
    perUserLimit: 1,
    exclusive: true,
    record: record.map(({ seq, userId, wonAt }) => ({
      seq,
      userId,
      code: null,
      status: 'issued',
      wonAtMs: wonAt,
    })),
  };
  const all = checkHistory(history, { ...truth, quantity: campaign.quantity }).checks;
  // What is kept for those who may have been promised it is not there for others.
  const left = campaign.quantity - reserved;
  const free = left > 0 ? checkHistory(history, { ...truth, quantity: left }).checks : [];
  const checks = [...all.filter(({ id }) => !OF_FREE.has(id)), ...free.filter(({ id }) => OF_FREE.has(id))];
  const findings: string[] = [];
  // `sold_out` is told when the gate has given all units out, not only when all are on the log. Those that the gate
  // forgets before anybody has put them there (it takes two faults within 2 s) are given to others, and it was early.
  for (const { id, ok, findings: said } of checks) {
    // After a disaster numbers may have gaps; doubles they may not.
    const serious = said.filter(
      (one) => !one.includes('has no seq') && !(forgotten > 0 && isEarly(id, one, lived)),
    );
    if (ok || serious.length === 0) continue;
    if (!rule.keepsWins && !['I1', 'I6', 'I9'].includes(id)) continue;
    findings.push(`${id}: ${serious[0]}`);
  }
  if (unresolved > 0) findings.push(`${unresolved} users never learnt their verdict`);
  if (record.length + reserved > campaign.quantity)
    findings.push(`${record.length} and ${reserved} reserved`);
  const contradicted = letters.filter(({ campaignId }) => campaignId !== null);
  if (rule.keepsWins && contradicted.length > 0)
    findings.push(`set aside: ${JSON.stringify(contradicted[0])}`);
  return findings;
}

function isEarly(id: string, finding: string, lived: Lived): boolean {
  if (id !== 'I8') return id === 'I11';
  return finding.includes('was told sold_out and also that he won') || isOfBefore(finding, lived);
}

/** He was refused before he won the unit that was free again, and the answer to the press that won it was lost. */
function isOfBefore(finding: string, { tries, record }: Lived): boolean {
  const [, userId] = /^(\S+) holds seq \d+ and was told sold_out when he asked again$/.exec(finding) ?? [];
  const win = record.find((one) => one.userId === userId);
  if (win === undefined) return false;
  const refusals = tries.filter(({ user, answer }) => `u-${user}` === userId && answer === 'sold_out');
  return refusals.every(({ completedMs }) => completedMs !== null && T0 + completedMs < win.wonAt);
}

function historyOf(tries: Try[]) {
  const answers = [...new Set(tries.map(({ answer }) => answer))];
  return {
    length: tries.length,
    user: tries.map(({ user }) => user),
    claim: tries.map(() => 0),
    invokedMs: tries.map(({ invokedMs }) => invokedMs),
    completedMs: tries.map(({ completedMs }) => completedMs),
    status: tries.map(({ status }) => status),
    answer: tries.map(({ answer }) => answers.indexOf(answer)),
    seq: tries.map(({ seq }) => seq),
    answers,
    codes: new Map<number, string>(),
    nameOf: (user: number) => `u-${user}`,
  };
}
