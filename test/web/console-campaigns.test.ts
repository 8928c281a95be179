// Protects: an operator makes, opens and closes a campaign by keyboard alone, sees what the server refuses at the field
// it is about, and never overwrites what somebody else has changed meanwhile. Nothing that is typed becomes markup.

import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { axeFaults } from '../support/axe.ts';
import { noBrowser, useConsole } from '../support/console.ts';
import { openCampaign, operator } from '../support/server.ts';

const CAMPAIGNS = '/v1/admin/campaigns';

const TRANSFERRED = `[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .reduce((bytes, entry) => bytes + entry.transferSize, 0)`;

describe.skipIf(noBrowser)('campaigns in the console', () => {
  const bench = useConsole();
  const { tabTo } = bench;

  const create = async (definition: object): Promise<void> => {
    const made = await operator(bench.server, 'POST', CAMPAIGNS, definition);
    expect([made.status, made.body]).toEqual([201, made.body]);
  };
  const stored = async (id: string) => (await operator(bench.server, 'GET', `${CAMPAIGNS}/${id}`)).body;
  const changeBehind = (id: string, version: number, change: object) =>
    fetch(`${bench.server.url}${CAMPAIGNS}/${id}`, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${bench.server.adminKey}`,
        'content-type': 'application/json',
        'if-match': `"${version}"`,
      },
      body: JSON.stringify(change),
    });
  const write = async (page: Page, label: string, text: string): Promise<void> => {
    await tabTo(page, label);
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type(text);
  };

  it('is made, opened and closed by keyboard alone', async () => {
    const page = await bench.visit('', { key: null });
    await page.locator('#key:focus').waitFor();
    await page.keyboard.type(bench.server.adminKey);
    await page.keyboard.press('Enter');
    await page.locator('.view-head').waitFor();
    // All that the first view needs: page, scripts, styles.
    expect(await page.evaluate(TRANSFERRED)).toBeLessThan(250_000);
    expect(await page.locator('.state-says').textContent()).toContain('campaign apply');
    await page.keyboard.press('n');
    await page.locator('#f-name').waitFor();
    await write(page, '이름', '키보드만으로');
    await write(page, '주소', 'by-keys');
    await write(page, '수량', '7');
    await tabTo(page, '누르는 즉시');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await write(page, '1초에 들어오는 사람', '5');
    await page.keyboard.press('Enter');
    await page.locator('.point[data-ok="true"]').nth(5).waitFor();
    expect(page.url()).toContain('#/campaigns/by-keys/checklist');
    expect(await stored('by-keys')).toMatchObject({
      name: '키보드만으로',
      quantity: 7,
      mode: 'queued',
      release: { perSecond: 5 },
      line: null,
      status: 'draft',
    });

    await tabTo(page, '지금 열기');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    expect(await dialog.textContent()).toContain('7개가 나가기 시작해요.');
    expect(await dialog.textContent()).toContain('1초에 5명씩');
    await tabTo(page, '지금 열기');
    await page.keyboard.press('Enter');
    await page.locator('.hero-number').waitFor();
    expect((await stored('by-keys'))['status']).toBe('open');

    await tabTo(page, '끝내기');
    await page.keyboard.press('Enter');
    await dialog.waitFor();
    await tabTo(page, '끝내기');
    await page.keyboard.press('Enter');
    await page.locator('.view-head', { hasText: '끝남' }).waitFor();
    expect((await stored('by-keys'))['status']).toBe('closed');

    await page.keyboard.press('g');
    await page.keyboard.press('c');
    await page.locator('.table-row', { hasText: 'by-keys' }).waitFor();
    await tabTo(page, /by-keys/);
    await page.keyboard.press('Enter');
    await page.locator('.hero-number').waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('c');
    await page.locator('.table-row').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('no such');
    await page.locator('text="no such"에 맞는 캠페인이 없어요.').waitFor();
  });

  it('says at the field what the server refuses, and goes there', async () => {
    await create({ id: 'taken', name: 'taken', quantity: 1 });
    const page = await bench.visit('#/campaigns/+new');
    const refused = async (input: string, says: string): Promise<void> => {
      await page.click('button[type="submit"]');
      await page.locator(`#f-${input}[aria-invalid="true"]:focus`).waitFor();
      expect(await page.locator('.form-parts').textContent()).toContain(says);
    };
    await page.locator('#f-name').waitFor();
    await refused('name', '1자 이상 200자 이하로 적어 주세요.');
    expect(await axeFaults(page)).toEqual([]);
    await page.fill('#f-name', '새 이벤트');
    await page.evaluate("location.assign('#/jobs')");
    await page.getByText('적은 항목 1개는 저장되지 않았어요.').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect(page.url()).toContain('#/campaigns/+new');
    await page.fill('#f-quantity', '많이');
    await refused('quantity', '1 이상 10,000,000 이하의 정수로 적어 주세요.');
    await page.fill('#f-quantity', '1,000');
    await page.fill('#f-id', 'taken');
    await refused('id', '이미 있는 주소예요.');
    await page.fill('#f-id', 'window');
    await page.fill('#f-opensAt', '2030-05-01T10:00');
    await page.fill('#f-closesAt', '2030-05-01T09:00');
    await refused('closesAt', '닫는 시각은 여는 시각보다 뒤여야 해요.');
    expect(await page.locator('.form-parts').textContent()).toContain('2030-05-01T10:00:00+09:00');
    await page.fill('#f-closesAt', '12030-05-01T11:00');
    await refused('closesAt', '달력에 있는 시각으로 적어 주세요.');
    await page.fill('#f-closesAt', '2030-05-01T11:00');
    await page.click('summary');
    await page.fill('#f-benefit', '{"title": ');
    await refused('benefit', 'JSON 객체여야 해요.');
    await page.fill('#f-benefit', '{"title":{"ko":"공짜","en":"free"},"sku":7}');
    await page.fill('#f-tokenClaims', 'grade: vip, gold\nage: 20');
    await page.click('button[type="submit"]');
    await page.locator('.point').first().waitFor();
    expect(await stored('window')).toMatchObject({
      quantity: 1000,
      opensAt: '2030-05-01T01:00:00.000Z',
      closesAt: '2030-05-01T02:00:00.000Z',
      benefit: { title: { ko: '공짜', en: 'free' }, sku: 7 },
      eligibility: { tokenClaims: { grade: ['vip', 'gold'], age: [20] } },
      status: 'scheduled',
    });
  });

  it('shows theirs and mine side by side when two have changed it, and keeps what is chosen', async () => {
    await create({ id: 'both', name: '처음', quantity: 10 });
    const page = await bench.visit('#/campaigns/both/edit');
    await page.fill('#f-name', '내 이름');
    await page.fill('#f-quantity', '20');
    expect((await changeBehind('both', 1, { name: '그들의 이름', perUserLimit: 2 })).status).toBe(200);
    await page.click('button:has-text("저장")');
    const rows = page.locator('.conflict-row');
    await rows.first().waitFor();
    expect(await rows.locator('legend').allTextContents()).toEqual([
      '이름 ◑ 둘 다 바꿨어요',
      '수량',
      '한 사람에게',
    ]);
    expect(await rows.first().textContent()).toContain('그들의 이름');
    expect(await rows.first().textContent()).toContain('내 이름');
    expect(await axeFaults(page)).toEqual([]);
    // What only one of the two has changed is chosen already; the name is for whoever looks.
    await rows.first().locator('input').first().check();
    await page.click('text=고른 대로 저장');
    await page.locator('text=저장했어요.').waitFor();
    expect(await stored('both')).toMatchObject({
      name: '그들의 이름',
      quantity: 20,
      perUserLimit: 2,
      version: 3,
    });
    expect(await page.inputValue('#f-name')).toBe('그들의 이름');
  });

  it('lets nothing change that people have been told, and says why', async () => {
    await openCampaign(bench.server, 'begun', 5);
    const page = await bench.visit('#/campaigns/begun/edit', { locale: 'en-GB' });
    await page.locator('#f-name').waitFor();
    expect(await page.locator('input[name="mode"]').first().isDisabled()).toBe(true);
    expect(await page.locator('#f-opensAt').isDisabled()).toBe(true);
    expect(await page.locator('#f-closesAt').isDisabled()).toBe(false);
    expect(await page.locator('fieldset:has(input[name="mode"])').textContent()).toContain(
      'It does not change once it has opened',
    );
    await page.fill('#f-quantity', '8');
    await page.click('button:has-text("Save")');
    await page.locator('text="Saved."').waitFor();
    expect(await stored('begun')).toMatchObject({ quantity: 8, status: 'open' });
    await page.click('text=Copy to a new one');
    await page.locator('text=The rules are those of begun.').waitFor();
    expect(await page.inputValue('#f-name')).toBe('begun (copy)');
    expect(await page.inputValue('#f-id')).toBe('');
  });

  it('says what to do before the opening, and opens by the clock', async () => {
    await create({ id: 'pool', name: '번호', quantity: 3, codes: { source: 'pool' } });
    await create({ id: 'far', name: '멀리', quantity: 3, durability: 'logged' });
    const page = await bench.visit('#/campaigns/pool/checklist');
    const codes = page.locator('[data-point="codes"][data-ok="false"]');
    await codes.waitFor();
    expect(await codes.textContent()).toContain('번호 0개뿐이에요. 3개가 필요하니 3개를 더 가져와 주세요.');
    await page.click('text=지금 열기');
    await page.getByRole('dialog').getByRole('button', { name: '지금 열기' }).click();
    await page.getByRole('dialog').getByRole('alert').waitFor();
    expect(await page.getByRole('dialog').textContent()).toContain('아직 준비되지 않은 것: 쿠폰 번호');
    await page.keyboard.press('Escape');
    await page.goto(`${bench.server.url}/admin#/campaigns/far/checklist`);
    await page.locator('[data-point="level"][data-ok="false"]', { hasText: 'DIBS_KAFKA_BROKERS' }).waitFor();
    await create({ id: 'timed', name: '예약', quantity: 4 });
    await page.goto(`${bench.server.url}/admin#/campaigns/timed/checklist`);
    await page.fill('#schedule-at', '2030-01-02T03:04');
    await page.click('text=이 시각으로 예약');
    await page.getByRole('dialog').getByRole('button', { name: '이 시각으로 예약' }).click();
    await page.locator('.view-head', { hasText: '열리기 전' }).waitFor();
    expect(await stored('timed')).toMatchObject({ opensAt: '2030-01-01T18:04:00.000Z', status: 'scheduled' });
    await page.click('text=예약 취소');
    await page.getByRole('dialog').getByRole('button', { name: '예약 취소' }).click();
    await page.locator('.view-head', { hasText: '준비 중' }).waitFor();
    expect((await stored('timed'))['opensAt']).toBeNull();
  });

  it('offers a key no more than it may do', async () => {
    await create({ id: 'look', name: 'look', quantity: 1 });
    const page = await bench.visit('#/campaigns', { key: await bench.keyOf('read'), locale: 'en-GB' });
    await page.locator('text=This key has the role read').waitFor();
    expect(await page.locator('text=New campaign').count()).toBe(0);
    await page.goto(`${bench.server.url}/admin#/campaigns/look/checklist`);
    await page.locator('.point').first().waitFor();
    expect(await page.locator('text=Open now').count()).toBe(0);
    await page.goto(`${bench.server.url}/admin#/campaigns/+new`);
    await page.locator('text=This key has the role read').waitFor();
    expect(await page.locator('#f-name').isDisabled()).toBe(true);
  });

  it('leaves when its key has been revoked', async () => {
    const key = await bench.keyOf('operate');
    const page = await bench.visit('#/campaigns', { key, locale: 'en-GB' });
    await page.locator('.view-head').waitFor();
    const id = (await page.locator('.rail-key').textContent()) ?? '';
    expect((await operator(bench.server, 'DELETE', `/v1/admin/keys/${id}`)).status).toBeLessThan(300);
    await page.locator('text=This key is no longer valid.').waitFor();
    expect(await axeFaults(page)).toEqual([]);
  });

  it('shows what is typed as text, whatever it is', async () => {
    const name = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>';
    await create({ id: 'xss', name, quantity: 1, benefit: { title: name } });
    const page = await bench.visit('#/campaigns');
    for (const view of ['', '/xss/edit', '/xss/checklist', '/xss/live', '/+new?copy=xss']) {
      await page.goto(`${bench.server.url}/admin#/campaigns${view}`);
      await page.locator('main', { hasText: '<img src=x' }).waitFor();
    }
    expect(await page.evaluate('window.hit')).toBeUndefined();
    expect(await page.locator('main img').count()).toBe(0);
  });

  it('has no fault that axe finds, in both languages and schemes', async () => {
    await create({ id: 'axe', name: '접근성', quantity: 3, mode: 'queued', release: { perSecond: 1 } });
    await bench.expectAllAccessible({
      '#/campaigns': '.table-row',
      '#/campaigns/+new': '#f-name',
      '#/campaigns/axe/edit': '.form-nested',
      '#/campaigns/axe/checklist': '.point',
    });
  });
});
