// Protects: what comes after the win can be seen and set right from the console: dead letters, jobs, webhooks, the audit
// log, keys. It says what an act does before it is done, offers nobody what his key may not do, and shows what others
// wrote as text.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { axeFaults } from '../support/axe.ts';
import { noBrowser, useConsole } from '../support/console.ts';
import { makeCrowd, openCampaign, operator } from '../support/server.ts';

const EVIL = '<img src=x onerror="window.hacked=1">';
const english = { locale: 'en-GB' } as const;
const taken: { url: string; type: string; id: string }[] = [];
const receiver = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString();
  });
  request.on('end', () => {
    const { type } = JSON.parse(body) as { type: string };
    taken.push({ url: request.url ?? '', type, id: String(request.headers['webhook-id']) });
    response.writeHead(request.url === '/wrong' ? 500 : 200).end(`<b>said ${request.url}</b>`);
  });
});

describe.skipIf(noBrowser)('the console, after the win', () => {
  const bench = useConsole({ DIBS_WEBHOOK_PRIVATE_TARGETS: 'yes', DIBS_WEBHOOK_RETRIES: '1s' });
  const mend: Record<string, () => void> = {};

  beforeAll(async () => {
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    // Whatever is replayed here is replayed by hand.
    const off = { job: 'retry-dead-letters', cron: '0 0 1 1 *', enabled: false };
    await operator(bench.server, 'PUT', '/v1/admin/jobs/schedules/retry-dead-letters', off);
    for (const [campaign, quantity] of [
      ['shop', 4],
      ['slow', 5],
    ] as const) {
      await openCampaign(bench.server, campaign, quantity);
      mend[campaign] = fault(campaign);
      const crowd = makeCrowd(bench.server, 1);
      for (let user = 1; user <= quantity; user++) await crowd.press(campaign, `${campaign}-${user}`);
      await crowd.close();
      await vi.waitFor(async () => expect(await letters(campaign)).toHaveLength(quantity), 30_000);
    }
  });
  afterAll(() => {
    receiver.closeAllConnections();
    receiver.close();
  });

  /** The record refuses the wins of a campaign, until what is returned is called. */
  function fault(campaign: string): () => void {
    const run = (statement: string): void => {
      const record = new Database(join(bench.dataDir, 'record.db'), { timeout: 10_000 });
      record.exec(statement);
      record.close();
    };
    run(`CREATE TRIGGER fault_${campaign} BEFORE INSERT ON claims
      WHEN NEW.campaign_no = (SELECT no FROM campaigns WHERE id = '${campaign}')
      BEGIN SELECT RAISE(ABORT, '${EVIL}'); END`);
    return () => run(`DROP TRIGGER fault_${campaign}`);
  }

  async function letters(campaign: string): Promise<{ id: number; state: string }[]> {
    const { body } = await operator(bench.server, 'GET', `/v1/admin/dead-letters?campaign=${campaign}`);
    return body['items'] as { id: number; state: string }[];
  }

  const button = (page: Page, name: string | RegExp) =>
    page.getByRole('button', { name, exact: typeof name === 'string' });
  const inDialog = (page: Page, name: string) =>
    page.getByRole('dialog').getByRole('button', { name, exact: true });
  const sees = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor();
  const hacked = (page: Page) => page.evaluate('window.hacked');

  it('shows dead letters with their causes; a dry run changes nothing, a replay issues', async () => {
    const page = await bench.visit('#/letters', english);
    await page.getByLabel('Campaign').selectOption('shop');
    const rows = page.locator('.table-row');
    await expect.poll(() => rows.count()).toBe(4);
    await rows.first().focus();
    await page.keyboard.press('Enter');
    const side = page.locator('.side');
    await side.getByText('It would stay dead.').waitFor();
    expect(await side.locator('.chain').textContent()).toContain(EVIL);
    expect(await side.locator('.raw').textContent()).toContain('"campaignId": "shop"');
    expect(await axeFaults(page)).toEqual([]);
    mend['shop']?.();
    await button(page, 'Dry run').click();
    await sees(page, 'Dry run: it would be issued.');
    expect((await letters('shop'))[0]?.state).toBe('dead');
    await button(page, 'Replay').click();
    await side.getByText('Replayed').first().waitFor();
    expect((await letters('shop'))[0]?.state).toBe('replayed');
    await expect.poll(() => rows.count()).toBe(3);
    expect(await hacked(page)).toBeUndefined();
  });

  it('gives one up only with a reason, after saying what that frees', async () => {
    const page = await bench.visit('#/letters', english);
    await page.getByLabel('Campaign').selectOption('shop');
    await page.locator('.table-row', { hasText: 'shop-3' }).click();
    await button(page, 'Discard').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Frees 1 unit of shop').waitFor();
    await dialog.getByText('shop-3 was told that he won as number 3').waitFor();
    expect(await inDialog(page, 'Discard').isDisabled()).toBe(true);
    expect(await axeFaults(page)).toEqual([]);
    await dialog.getByRole('textbox').fill(EVIL);
    await inDialog(page, 'Discard').click();
    await page.locator('.side').getByText(EVIL, { exact: true }).waitFor();
    await page.locator('.side h2').focus();
    await page.keyboard.press('Escape');
    await page.locator('.side').waitFor({ state: 'detached' });
    expect(await hacked(page)).toBeUndefined();
  });

  it('replays many: counts them first, then says how it went', async () => {
    const page = await bench.visit('#/letters', english);
    await page.getByLabel('Campaign').selectOption('shop');
    await expect.poll(() => page.locator('.table-row').count()).toBe(2);
    await button(page, 'Replay all of these').click();
    await sees(page, '2 in all. A replay now:');
    await button(page, 'Replay 2').click();
    await sees(page, '2 of 2 done.');
    expect((await letters('shop')).map(({ state }) => state)).not.toContain('dead');
    await inDialog(page, 'Close').last().click();
    await sees(page, 'None is like this.');
  });

  it('runs a job from its form, watches it, stops it and goes on with it', async () => {
    const page = await bench.visit('#/jobs', english);
    await page.locator('.table-row', { hasText: 'retry-dead-letters' }).click();
    await page.locator('select[name=campaign]').selectOption('slow');
    await page.locator('input[name=perSecond]').fill('1');
    await button(page, 'Run').click();
    const side = page.locator('.side');
    await side.getByText('Running').first().waitFor();
    await side.getByText('Connected to the server.').waitFor();
    await button(page, 'Stop').click();
    await sees(page, /items that are written stay/);
    await inDialog(page, 'Stop').click();
    await side.getByText('Stopped').first().waitFor();
    mend['slow']?.();
    await button(page, 'Go on with it').click();
    await side.getByText('Completed').first().waitFor();
    await side.getByText(/2 ×/).waitFor();
    await expect
      .poll(async () => (await letters('slow')).some(({ state }) => state === 'replayed'))
      .toBe(true);
    expect(await axeFaults(page)).toEqual([]);
  });

  it('brings a file for a job, and hands over what a job has made', async () => {
    await operator(bench.server, 'POST', '/v1/admin/campaigns', {
      ...{ id: 'pins', name: EVIL, quantity: 2, codes: { source: 'pool' } },
    });
    const page = await bench.visit('#/jobs/import-codes', english);
    await page.locator('select[name=campaign]').selectOption('pins');
    const buffer = Buffer.from('PIN-0001\nPIN-0002\n');
    await page.locator('input[type=file]').setInputFiles({ name: 'pins.csv', mimeType: 'text/csv', buffer });
    await expect.poll(() => page.getByLabel(/^One that is there/).inputValue()).not.toBe('');
    await button(page, 'Run').click();
    await page.locator('.side').getByText('Completed').first().waitFor();
    await page.goto(`${bench.server.url}/admin#/jobs/export`);
    await page.locator('select[name=what]').selectOption('winners');
    await page.locator('select[name=campaign]').selectOption('shop');
    await button(page, 'Run').click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      button(page, 'Download shop-winners.csv').click(),
    ]);
    expect(download.suggestedFilename()).toBe('shop-winners.csv');
    expect(await hacked(page)).toBeUndefined();
  });

  it('makes, shows and removes a schedule with its next times', async () => {
    const page = await bench.visit('#/jobs/reconcile', english);
    await button(page, 'Add a schedule').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel(/^Cron/).fill('never');
    await dialog.getByText('This is no cron expression.').waitFor();
    await dialog.getByLabel(/^Cron/).fill('30 4 * * *');
    await dialog.getByLabel(/^Time zone/).fill('Europe/Berlin');
    await dialog.getByText(/^Next runs: /).waitFor();
    expect(await axeFaults(page)).toEqual([]);
    await inDialog(page, 'Save').click();
    const made = page.locator('.schedule', { hasText: 'reconcile-2' });
    await made.getByText('Europe/Berlin').waitFor();
    expect(await made.locator('li').count()).toBe(3);
    await button(page, 'Remove: reconcile-2').click();
    await sees(page, /^Removes 1 schedule\./);
    await inDialog(page, 'Remove').click();
    await made.waitFor({ state: 'detached' });
  });

  it('adds a webhook, shows its secret once, tests it, and sends a delivery again', async () => {
    const { port } = receiver.address() as AddressInfo;
    const page = await bench.visit('#/webhooks', english);
    await button(page, 'Add a webhook').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel(/^Address/).fill('nowhere');
    await inDialog(page, 'Save').click();
    await dialog.locator('.mantine-InputWrapper-error').waitFor();
    await dialog.getByLabel(/^Address/).fill(`http://127.0.0.1:${port}/right`);
    await dialog.getByLabel('Description').fill(EVIL);
    await dialog.getByLabel('Only these').check();
    await inDialog(page, 'Save').click();
    await dialog.getByText('Choose at least one kind of fact.').waitFor();
    await dialog.getByLabel('campaign.opened').check();
    expect(await axeFaults(page)).toEqual([]);
    await inDialog(page, 'Save').click();
    const secret = await page.locator('.once-secret').textContent();
    expect(secret).toMatch(/^whsec_/);
    await button(page, 'Copy').click();
    await button(page, 'Copied').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(secret);
    await button(page, 'Send a test').click();
    await sees(page, /It was taken: 200/);
    await sees(page, '<b>said /right</b>');
    await openCampaign(bench.server, 'hooked', 1);
    await page.locator('.table-row', { hasText: 'campaign.opened' }).click();
    await page.locator('.side').getByText('Delivered').first().waitFor();
    await page.reload();
    await button(page, 'Send again').click();
    await expect.poll(() => taken.filter(({ type }) => type === 'campaign.opened').length).toBe(2);
    expect(await page.locator('.once').count()).toBe(0);
    expect(await axeFaults(page)).toEqual([]);
    expect(await hacked(page)).toBeUndefined();
  });

  it('gives a webhook a new secret, disables it and says why, and removes it', async () => {
    const page = await bench.visit('#/webhooks', english);
    await page.locator('.table-row').first().click();
    await button(page, 'New secret').click();
    await inDialog(page, 'New secret').click();
    expect(await page.locator('.once-secret').textContent()).toMatch(/^whsec_/);
    await button(page, 'I have kept it').click();
    await button(page, 'Disable').click();
    await sees(page, /^Sends 0 facts/);
    await inDialog(page, 'Disable').click();
    await sees(page, 'by an operator');
    await button(page, 'Enable').click();
    await button(page, 'Disable').waitFor();
    await button(page, 'Remove').click();
    await sees(page, /^Removes 1 webhook with \d+ deliveries/);
    await inDialog(page, 'Remove').click();
    await sees(page, 'There are no webhooks yet.');
  });

  it('tells from the audit log what was changed, and only that', async () => {
    const at = '/v1/admin/campaigns/shop';
    const { headers } = await operator(bench.server, 'GET', at);
    await fetch(bench.server.url + at, {
      method: 'PATCH',
      headers: {
        ...{ authorization: `Bearer ${bench.server.adminKey}`, 'content-type': 'application/json' },
        'if-match': String(headers['etag']),
      },
      body: JSON.stringify({ quantity: 7, benefit: { title: EVIL } }),
    });
    const page = await bench.visit('#/audit', english);
    await page.locator('.table-row').first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('shop');
    await expect.poll(() => page.locator('[data-search]').inputValue()).toBe('shop');
    await page.getByLabel('Action', { exact: true }).selectOption('campaign.change');
    await page.locator('.table-row').first().click();
    const rows = page.locator('.difference tbody tr');
    expect(await rows.allTextContents()).toEqual([
      expect.stringMatching(/^quantity.*changed47$/) as string,
      expect.stringMatching(/^benefit\.title.*added–<img/) as string,
    ]);
    expect(await axeFaults(page)).toEqual([]);
    expect(await hacked(page)).toBeUndefined();
  });

  it('makes a key whose secret is shown once, and revokes it', async () => {
    const page = await bench.visit('#/parts', english);
    await page.getByLabel(/^Name/).fill('till');
    await page.getByLabel(/^Role/).selectOption('operate');
    await button(page, 'Make a key').click();
    const secret = (await page.locator('.once-secret').textContent()) ?? '';
    const asks = async () =>
      (await fetch(`${bench.server.url}/v1/admin/whoami`, { headers: { authorization: `Bearer ${secret}` } }))
        .status;
    expect(await asks()).toBe(200);
    await button(page, 'I have kept it').click();
    await button(page, 'Revoke till').click();
    await sees(page, /^1 key, till, can do nothing/);
    await inDialog(page, 'Revoke').click();
    await page.locator('.table-row', { hasText: 'till' }).getByText('revoked').waitFor();
    expect(await asks()).toBe(401);
  });

  it('says how each part is, and what to do about one that is not ready', async () => {
    const page = await bench.visit('#/parts', english);
    await sees(page, 'gate in this process, journal and record in SQLite');
    await sees(page, 'Claims can be taken.');
    await sees(page, 'the record is behind (0 facts to go)');
    const roles = { gate: 'ready', log: 'the disk is full', recorder: 'ready' };
    await page.route('**/readyz', (route) => route.fulfill({ status: 503, json: { ready: false, roles } }));
    await sees(page, 'Claims cannot be taken now.');
    await sees(page, 'the disk is full');
    await sees(page, 'docs/runbook/journal-cannot-write.md');
    // In Korean it is said in Korean; what the disk says stays, marked as somebody else's words.
    await page.evaluate(`localStorage.setItem('dibs.console.language', 'ko')`);
    await page.reload();
    await sees(page, /로그에 쓸 수 없어요/);
    expect(await page.locator('.part-list [lang="en"]').textContent()).toBe('the disk is full');
  });

  it('offers a key that may only look nothing else, and says so', async () => {
    const key = await bench.keyOf('read');
    const page = await bench.visit('#/letters', { ...english, key });
    await page.getByLabel('State').selectOption('');
    await page.locator('.table-row').first().waitFor();
    expect(await button(page, 'Replay all of these').count()).toBe(0);
    for (const place of ['#/jobs/export', '#/webhooks', '#/parts']) {
      await page.goto(`${bench.server.url}/admin${place}`);
      await sees(page, /^This key has the role read; this takes/);
    }
    expect(await page.getByRole('button', { name: /Run|Add|Make/ }).count()).toBe(0);
    await page.goto(`${bench.server.url}/admin#/audit`);
    await sees(page, 'This key may not see this.');
    expect(await axeFaults(page)).toEqual([]);
  });

  it('can be used by everybody', () =>
    bench.expectAllAccessible({
      '#/letters': '.filters',
      '#/jobs': '.table-row',
      '#/webhooks': '.command',
      '#/audit': '.table-row',
      '#/parts': '.part-list',
    }));
});
