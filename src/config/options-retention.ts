/** The rows of the table about what is kept, and for how long: the job `sweep` goes by them. */

import type { Option } from './option.ts';

const DAYS_MAX = 36_500;

export const retentionOptions = [
  {
    name: 'DIBS_RETENTION_PERSONAL_DAYS',
    key: 'retentionPersonalDays',
    flag: '--retention-personal-days',
    type: 'integer',
    default: '365',
    min: 0,
    max: DAYS_MAX,
    description:
      'So many days after a campaign was archived, the job `sweep` replaces its user ids by keyed hashes and forgets whatever else tells of people. 0: never by itself.',
    group: 'Retention',
  },
  {
    name: 'DIBS_RETENTION_AUDIT_DAYS',
    key: 'retentionAuditDays',
    flag: '--retention-audit-days',
    type: 'integer',
    default: '1825',
    min: 0,
    max: DAYS_MAX,
    description: 'How long lines of the audit log are kept. 0: for ever.',
    group: 'Retention',
  },
  {
    name: 'DIBS_RETENTION_OUTBOX_DAYS',
    key: 'retentionOutboxDays',
    flag: '--retention-outbox-days',
    type: 'integer',
    default: '7',
    min: 0,
    max: DAYS_MAX,
    description:
      'How long facts stay in the outbox after they were sent. What was not sent stays. 0: for ever.',
    group: 'Retention',
  },
  {
    name: 'DIBS_RETENTION_DELIVERIES_DAYS',
    key: 'retentionDeliveriesDays',
    flag: '--retention-deliveries-days',
    type: 'integer',
    default: '30',
    min: 0,
    max: DAYS_MAX,
    description: 'How long deliveries to webhooks are kept after they are over. 0: for ever.',
    group: 'Retention',
  },
  {
    name: 'DIBS_RETENTION_RUNS_DAYS',
    key: 'retentionRunsDays',
    flag: '--retention-runs-days',
    type: 'integer',
    default: '90',
    min: 0,
    max: DAYS_MAX,
    description: 'How long runs of jobs are kept after they have ended. 0: for ever.',
    group: 'Retention',
  },
  {
    name: 'DIBS_RETENTION_FILES_DAYS',
    key: 'retentionFilesDays',
    flag: '--retention-files-days',
    type: 'integer',
    default: '30',
    min: 0,
    max: DAYS_MAX,
    description:
      'How long files that jobs read and write are kept. One that was never finished goes after a day. 0: for ever.',
    group: 'Retention',
  },
  {
    name: 'DIBS_RETENTION_FIGURES_DAYS',
    key: 'retentionFiguresDays',
    flag: '--retention-figures-days',
    type: 'integer',
    default: '730',
    min: 0,
    max: DAYS_MAX,
    description:
      'How long the figures by second of an archived campaign are kept; its report is made of them. 0: for ever.',
    group: 'Retention',
  },
  {
    name: 'DIBS_RETENTION_GATE_HOURS',
    key: 'retentionGateHours',
    flag: '--retention-gate-hours',
    type: 'integer',
    default: '24',
    min: 0,
    max: 24 * DAYS_MAX,
    description:
      'So long after a campaign has closed its holders and its line stay at the gate; then the record answers. One that is archived makes room at once.',
    group: 'Retention',
  },
] as const satisfies readonly Option[];
