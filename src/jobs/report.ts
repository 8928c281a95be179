/** The job `report`: how a campaign went, as files that stay: the page, JSON and CSV. */

import { createHash } from 'node:crypto';
import { Type } from 'typebox';
import { CAMPAIGN_ID } from '../core/campaign.ts';
import type { FileType } from '../core/file.ts';
import { said } from '../core/said.ts';
import type { Catalog } from '../flow/catalog.ts';
import type { MakeReport, Report } from '../flow/report.ts';
import type { Files } from '../ports/files.ts';
import { reportCsv } from '../report/csv.ts';
import type { Language } from '../report/formats.ts';
import { isZone, LANGUAGES } from '../report/formats.ts';
import { reportJson } from '../report/json.ts';
import { reportPage } from '../report/page.ts';
import type { Job, Step, StepContext } from './job.ts';
import { BadItem, CAMPAIGN_PARAM } from './job.ts';

export interface ReportJobParts {
  catalog: Pick<Catalog, 'get'>;
  files: Pick<Files, 'begin' | 'write' | 'finish'>;
  report: MakeReport;
  seek?: ((campaignId: string) => Promise<void>) | undefined;
}

const PARAMS = Type.Object(
  {
    [CAMPAIGN_PARAM]: Type.String({ pattern: CAMPAIGN_ID.source, description: 'whose report' }),
    language: Type.Optional(
      Type.Union(
        LANGUAGES.map((one) => Type.Literal(one)),
        { default: 'en', description: 'of the page' },
      ),
    ),
    zone: Type.Optional(Type.String({ maxLength: 64, description: 'time zone of the page: `Asia/Seoul`' })),
  },
  { additionalProperties: false },
);

type Params = Readonly<Record<string, unknown>>;

/** One of the files of a report. */
interface ReportFile {
  format: 'html' | 'json' | 'csv';
  type: FileType;
  text: string;
}

function filesOf(report: Report, params: Params): ReportFile[] {
  const language: Language = LANGUAGES.find((one) => one === params['language']) ?? 'en';
  const zone = typeof params['zone'] === 'string' ? params['zone'] : undefined;
  return [
    { format: 'html', type: 'text/html', text: reportPage(report, language, zone) },
    { format: 'json', type: 'application/json', text: `${JSON.stringify(reportJson(report), null, 2)}\n` },
    { format: 'csv', type: 'text/csv', text: reportCsv(report, false) },
  ];
}

function writeStep({ report, files }: ReportJobParts): Step<ReportFile> {
  return {
    name: 'write',
    total: async () => 3,
    async read({ params }) {
      const id = String(params[CAMPAIGN_PARAM]);
      const made = await report(id);
      if (made === null) throw new BadItem(said('no_campaign', { campaign: id }));
      return { items: filesOf(made, params), position: 'done', done: true };
    },
    async write(context, items) {
      const result: Record<string, string> = {};
      for (const item of items) result[item.format] = await store(files, context, item);
      return { written: items.length, result };
    },
  };
}

/** Under an id of the run, so that a run that goes on writes the same file again. Resolves with the id. */
async function store(
  files: ReportJobParts['files'],
  { runId, params, by, system }: StepContext,
  { format, type, text }: ReportFile,
): Promise<string> {
  const id = `report-${format}-${runId.toLowerCase().replaceAll(/[^a-z0-9]/g, '-')}`.slice(0, 96);
  const name = `${String(params[CAMPAIGN_PARAM])}-report.${format}`;
  const now = system.now();
  await files.begin({ id, name, type, role: 'read', by, createdAt: now });
  const bytes = Buffer.from(text, 'utf8');
  if (await files.write(id, 0, bytes, now)) {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await files.finish(id, { bytes: bytes.length, sha256, now }, null);
  }
  return id;
}

export function makeReportJob(parts: ReportJobParts): Job {
  const { catalog, seek } = parts;
  return {
    name: 'report',
    summary: 'How a campaign went, as files: a page, JSON and CSV',
    params: PARAMS,
    loose: ['language', 'zone'],
    steps: [writeStep(parts)],
    async refuses(params) {
      const campaign = String(params[CAMPAIGN_PARAM]);
      if (catalog.get(campaign) === undefined) await seek?.(campaign);
      if (catalog.get(campaign) === undefined)
        return { code: 'campaign_not_found', detail: `There is no campaign ${campaign}.` };
      const { zone } = params;
      if (typeof zone !== 'string' || isZone(zone)) return null;
      return { code: 'invalid_field', detail: 'zone is not a time zone, as Asia/Seoul is.' };
    },
  };
}
