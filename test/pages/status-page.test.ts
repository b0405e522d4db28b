import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { paths } from '../../src/pages/links.js';
import { startChromium } from '../support/chromium.js';
import { describeWith } from '../support/describe-with.js';
import { expectAccessible, expectNoOverflow, look } from './looking.js';
import { startPageWorld } from './page-world.js';
import type { PageWorld } from './page-world.js';

const tokens = 120;
const pages = Object.entries(paths).filter(([name]) => name !== 'token' && name !== 'reconnectCsv');

describeWith('chromium', 'the status page in a browser', () => {
  let browser: Browser;
  let world: PageWorld;
  beforeAll(async () => {
    [browser, world] = await Promise.all([startChromium(), startPageWorld(tokens)]);
  });
  afterAll(async () => {
    await browser.close();
    await world.stop();
  });

  it.each(pages)('is accessible, fits and loads nothing from elsewhere: %s', async (name, path) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, complaints } = await look(browser, world.url, { colorScheme });
      await page.goto(path);
      expect(await page.locator('h1').count(), name).toBe(1);
      expect(await page.title()).toMatch(/ · oauth-token-exporter$/);
      await expectAccessible(page);
      for (const width of [390, 1280, 2560]) {
        await page.setViewportSize({ width, height: 800 });
        await expectNoOverflow(page);
      }
      expect(complaints).toEqual([]);
      await page.context().close();
    }
  });

  it('leads from what is wrong to a token, and says what would help', async () => {
    const { page, complaints } = await look(browser, world.url);
    await page.goto('/');
    await page.getByRole('link', { name: 'EXPIRED' }).first().click();
    expect(page.url()).toContain('/tokens?provider=fathom&status=expired');
    await page.locator('tbody th a').first().click();
    expect(await page.locator('.next').textContent()).toContain('Next step: set REFRESH_MODE=on');
    await expect.poll(() => page.locator('.history li').count()).toBe(1);
    expect(await page.locator('.history').textContent()).toContain('first seen');
    await expectAccessible(page);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('filters, searches, sorts and pages without JavaScript', async () => {
    const { page } = await look(browser, world.url, { javaScriptEnabled: false });
    await page.goto('/tokens');
    expect(await page.locator('.count').textContent()).toBe('127 tokens, page 1 of 3');
    await page.getByRole('link', { name: 'Last', exact: true }).click();
    expect(await page.locator('tbody tr').count()).toBe(27);

    await page.getByRole('link', { name: 'Expires' }).click();
    expect(await page.locator('[aria-sort=ascending]').textContent()).toContain('Expires');
    const soonest = await page.locator('tbody tr').first().textContent();
    await page.getByRole('link', { name: 'Expires' }).click();
    expect(await page.locator('[aria-sort=descending]').textContent()).toContain('Expires');
    expect(await page.locator('tbody tr').first().textContent()).not.toBe(soonest);

    await page.getByLabel('Only').selectOption({ label: 'switched off while valid' });
    await page.getByRole('button', { name: 'Show' }).click();
    expect(await page.locator('.count').textContent()).toBe('1 token');

    await page.getByRole('link', { name: 'Reset' }).click();
    await page.getByLabel('Id, user or whole account').fill('PERSON-7@example.com');
    await page.getByRole('button', { name: 'Show' }).click();
    expect(await page.locator('.count').textContent()).toBe('1 token');
    expect(await page.locator('tbody').textContent()).toContain('p***@e***.com');
    await page.getByLabel('Id, user or whole account').fill('person-7');
    await page.getByRole('button', { name: 'Show' }).click();
    expect(await page.locator('.count').textContent()).toBe('No token matches.');
    await page.context().close();
  });

  it('is used with the keyboard alone', async () => {
    const { page } = await look(browser, world.url);
    await page.goto('/');
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('To the content');
    await page.keyboard.press('Enter');
    expect(await page.locator(':focus').getAttribute('id')).toBe('main');
    await page.goto('/tokens');
    await page.getByLabel('Access token').focus();
    await page.keyboard.type('EXPIRED');
    await page.keyboard.press('Tab');
    await page.getByRole('button', { name: 'Show' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/status=expired/);
    await page.getByRole('region', { name: 'Tokens, table' }).focus();
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('User');
    await page.context().close();
  });

  it('shows what a poll finds without being loaded again', async () => {
    const { page, complaints } = await look(browser, world.url);
    const [row] = await world.database.query<{ id: string; user_id: string }>(
      "SELECT id, user_id FROM fathom_integrations WHERE fathom_user_email = 'person-50@example.com'",
    );
    await page.goto(`/tokens?q=${row?.user_id ?? ''}`);
    expect(await page.locator('tbody').textContent()).not.toContain('dead');
    // As a refresh that was refused twice leaves it.
    await world.database.query(
      `UPDATE oauth_token_exporter.tokens SET dead_since = now(), failed_at = now(),
         failures = 2, failure_reason = 'invalid_grant' WHERE token_id = $1`,
      [row?.id],
    );
    await page.locator('tbody .badge.bad', { hasText: 'dead' }).waitFor();
    expect(await page.locator('tbody').textContent()).toContain('must reconnect');
    await page.goto('/reconnect');
    expect(await page.locator('tbody').textContent()).toContain(row?.user_id);
    await page.goto('/');
    expect(await page.locator('.concerns').textContent()).toContain('grants dead');
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
