// Protects: an operator asks for a rehearsal in the console, watches it, and its page says what happened, in both
// languages, to everybody who can see or hear it; who may only read sees results and no button.

import { describe, expect, it } from 'vitest';
import { axeFaults } from '../support/axe.ts';
import { noBrowser, useConsole } from '../support/console.ts';
import { operator } from '../support/server.ts';

describe.skipIf(noBrowser)('the rehearsal view', () => {
  const bench = useConsole();
  const place = '#/campaigns/drop/rehearsal';

  it('kills the gate at second 1 in mid-crowd, ends green, and says what happened', async () => {
    const made = { id: 'drop', name: 'Drop', quantity: 200, codes: { source: 'pool' } };
    expect((await operator(bench.server, 'POST', '/v1/admin/campaigns', made)).status).toBe(201);
    const page = await bench.visit(place);
    await page.getByText('dibs rehearse --campaign drop').waitFor();
    expect(await axeFaults(page)).toEqual([]);

    await page.getByLabel('사람 수').fill('many');
    await page.getByLabel('몇 초에 끌까요').fill('1');
    await page.getByLabel('동시 연결 수').fill('20');
    await page.keyboard.press('Enter');
    await page.getByText('1–20,000 사이의 수를 적어 주세요.').waitFor();
    await page.getByLabel('사람 수').fill('400');
    await page.keyboard.press('Enter');
    await page.locator('.rehearsal-way').waitFor();
    expect(await page.getByRole('button', { name: '리허설 시작' }).isDisabled()).toBe(true);

    const result = page.locator('.rehearsal-result');
    await result.waitFor({ timeout: 90_000 });
    expect(await result.getAttribute('data-ok')).toBe('true');
    await page.getByText('모두 지켜졌어요.').waitFor();
    const story = (await page.locator('.rehearsal-story').textContent()) ?? '';
    expect(story).toMatch(/^400명이 440번 눌렀어요\. 200개가 [\d.]+초 만에 모두 나갔어요\./);
    expect(story).toMatch(/ 1\.\d초에 판정·로그·기록 서버를 강제로 껐고, [\d.]+초 뒤에 다시 답했어요\./);
    expect(story).toContain('알린 당첨 200건, 기록된 당첨 200건이에요.');
    // Whose answer was cut short by the kill is told when he asks again that he has it already.
    const won = Number(await page.locator('[data-verdict="won"] .verdict-count').textContent());
    expect(won).toBeGreaterThan(100);
    expect(won).toBeLessThanOrEqual(200);
    expect(await page.locator('.plot-away').count()).toBe(1);
    const checks = page.locator('.rehearsal-checks [data-check]');
    expect(await checks.count()).toBe(11);
    expect(await page.locator('.rehearsal-checks [data-ok="false"]').count()).toBe(0);
    expect(await axeFaults(page)).toEqual([]);
    await page.getByText('codes.source').waitFor();
  });

  it('is read by whoever may read, in the other language, on a phone', async () => {
    const key = await bench.keyOf('read');
    const page = await bench.visit(place, { key, locale: 'en-GB', scheme: 'dark', width: 360, height: 780 });
    await page.getByText('All of it holds.').waitFor();
    expect(await page.locator('.rehearsal-story').textContent()).toContain('was killed');
    expect(await page.getByRole('button', { name: 'Start the rehearsal' }).count()).toBe(0);
    expect(await axeFaults(page)).toEqual([]);
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
    expect(await page.evaluate(overflow)).toBe(0);
  });

  it('says why it is refused', async () => {
    const opensAt = new Date(Date.now() + 300_000).toISOString();
    await operator(bench.server, 'POST', '/v1/admin/campaigns', {
      ...{ id: 'soon', name: 'Soon', quantity: 1, opensAt },
    });
    const page = await bench.visit(place, { locale: 'en-GB' });
    await page.getByRole('button', { name: 'Start the rehearsal' }).click();
    await page.getByRole('alert').filter({ hasText: 'soon opens in 5 min' }).waitFor();
  });
});
