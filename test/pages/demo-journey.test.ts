import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { paths, tokenHref } from '../../src/pages/links.js';
import { startChromium } from '../support/chromium.js';
import { describeWith } from '../support/describe-with.js';
import { until } from '../support/until.js';
import { startDemoStage } from './demo-world.js';
import type { DemoStage } from './demo-world.js';
import { expectAccessible, expectNoOverflow, look } from './looking.js';
import type { Looking } from './looking.js';

const pages = Object.values(paths).filter((path) => path !== '/token' && path !== '/reconnect.csv');

/** Its tests are the chapters of one story, and run in order. */
describeWith('chromium', 'the demo, from the incident until it is healed', () => {
  let browser: Browser;
  let stage: DemoStage;
  let reader: Looking;
  let admin: Looking;
  let liam: string;
  beforeAll(async () => {
    [browser, stage] = await Promise.all([startChromium(), startDemoStage()]);
    [reader, admin] = await Promise.all([look(browser, stage.url), look(browser, stage.url)]);
    const [row] = await stage.database.query<{ id: string }>(
      "SELECT id FROM fathom_integrations WHERE fathom_user_email = 'liam.doyle@example.com'",
    );
    liam = tokenHref('fathom', row?.id ?? '');
    await until('a poll succeeded', async () => (await fetch(`${stage.url}/-/ready`)).ok);
  });
  afterAll(async () => {
    await browser.close();
    await stage.stop();
  });
  afterEach(() => {
    expect([...reader.complaints, ...admin.complaints]).toEqual([]);
  });

  const text = (page: Page, selector: string) => page.locator(selector).first().textContent();
  const shown = async (page: Page, path: string) => {
    await page.goto(path);
    expect(await page.locator('h1').count(), path).toBe(1);
    await expectAccessible(page);
    await page.setViewportSize({ width: 390, height: 800 });
    await expectNoOverflow(page);
    await page.setViewportSize({ width: 1280, height: 800 });
  };

  it('begins with people whose tokens expired, and every page can be read by everybody', async () => {
    const { page } = reader;
    await page.goto('/');
    expect(await text(page, '.verdict')).not.toContain('All is well');
    expect(await text(page, '.concerns')).toMatch(/refreshes overdue.*[a-z]\*{3}@e\*{3}\.com/s);
    for (const path of [...pages, '/login', liam]) await shown(page, path);
  });

  it('lets anybody filter, sort, search and page through them', async () => {
    const { page } = reader;
    await page.goto('/tokens');
    expect(await text(page, '.count')).toBe('70 tokens, page 1 of 2');
    await page.getByRole('link', { name: 'Next' }).click();
    expect(await page.locator('tbody tr').count()).toBe(20);
    await page.getByLabel('Provider').selectOption('google');
    await page.getByRole('button', { name: 'Show' }).click();
    expect(await text(page, '.count')).toBe('10 tokens');
    await page.getByRole('link', { name: 'User' }).click();
    expect(await text(page, '[aria-sort=ascending]')).toContain('User');
    await page.getByLabel('Id, user or whole account').fill('Liam.Doyle@example.com');
    await page.getByLabel('Provider').selectOption('');
    await page.getByRole('button', { name: 'Show' }).click();
    expect(await text(page, 'tbody tr')).toContain('EXPIRED');
  });

  it('heals by itself as far as it can once the provider answers, on a page that stays open', async () => {
    const { page } = reader;
    await page.goto('/tokens?provider=fathom&status=expired');
    const expired = async () => Number.parseInt((await text(page, '.count')) ?? '');
    expect(await expired()).toBe(44);
    stage.letProviderAnswer();
    // What is left was switched off, has no refresh token, or is Liam.
    await expect.poll(expired, { timeout: 15_000 }).toBe(11);
  });

  it('shows the death of a grant, for which only its user can do something', async () => {
    const { page } = reader;
    await page.goto(liam);
    await page.locator('.axes .badge', { hasText: 'dead' }).waitFor();
    expect(await text(page, '.next')).toContain('authorize again');
    await page.goto('/reconnect');
    expect(await text(page, 'tbody')).toContain('l***@e***.com');
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByText('Their ids, to copy').click();
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    const copied = await page.evaluate<string>('navigator.clipboard.readText()');
    expect(copied.split('\n')).toHaveLength(await page.locator('tbody tr').count());
  });

  it('lets nobody in by another token', async () => {
    const { page, complaints } = await look(browser, stage.url);
    await page.goto('/login');
    await page.getByLabel('Admin token').fill(`${stage.adminToken}x`);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').waitFor();
    expect(await text(page, '[role=alert]')).toBe('That is not the admin token.');
    await expectAccessible(page);
    expect(complaints).toEqual([expect.stringContaining('403 (Forbidden)')]);
    await page.context().close();
  });

  it('lets an admin in and refresh a token, by keyboard alone', async () => {
    const { page } = admin;
    await page.goto('/tokens?provider=fathom&grant=live');
    await press(page, 'Log in');
    expect(await text(page, 'h1')).toBe('Log in');
    await tabTo(page, 'Admin token');
    await page.keyboard.type(stage.adminToken);
    await page.keyboard.press('Enter');
    await page.waitForURL('/tokens?provider=fathom&grant=live');
    expect(await text(page, 'tbody')).toContain('@example.com');

    await page.locator('tbody th a').first().focus();
    await page.keyboard.press('Enter');
    await press(page, 'Refresh');
    await page.locator('.flash.good', { hasText: 'Refreshed: expires at' }).waitFor();
    // Live updates, one a second, do not take it away.
    await expect.poll(() => text(page, '.history')).toContain('refresh asked');
    expect(await text(page, '.history')).toContain('admin page');
    expect(await page.locator('.flash').count()).toBe(1);
    await expectAccessible(page);
  });

  it('tells an admin that a dead grant stays dead', async () => {
    const { page } = admin;
    await page.goto(liam);
    expect(await text(page, 'form.action[action="/token/refresh"]')).toContain('most likely');
    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.locator('.flash.bad', { hasText: 'invalid_grant' }).waitFor();
  });

  it('lets an admin watch, and disturbs nobody who fills in a form', async () => {
    const { page } = admin;
    await page.goto('/watch');
    await page.getByLabel('What was fixed').fill('the cron has its setting again');
    await page.locator('h1').click();
    // A page of somebody else, opened later, shows that an update of this one was due meanwhile.
    await reader.page.goto('/watch');
    for (let updates = 0; updates < 2; updates += 1) {
      const asOf = await text(reader.page, '#freshness time');
      await expect.poll(() => text(reader.page, '#freshness time')).not.toBe(asOf);
    }
    expect(await page.getByLabel('What was fixed').inputValue()).toContain('the cron');
    await page.getByLabel(/List what is wrong at the start/).check();
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.locator('.flash.good', { hasText: 'is started' }).waitFor();
    await expect.poll(() => text(page, '.card')).toMatch(/RUNNING.*[1-9]\d* \(100 %\)/s);
    await shown(page, '/watch');

    const answer = await page.goto(`${paths.watch}/1/report`);
    expect(answer?.headers()['content-security-policy']).toMatch(/style-src 'sha256-[^ ;]+';/);
    expect(await text(page, '.verdict')).toBe('RUNNING');
    // A style that the policy did not let in would leave the browser's own.
    expect(await page.locator('svg').first().boundingBox()).not.toBeNull();
    expect(await page.evaluate('getComputedStyle(document.body).fontFamily')).not.toMatch(/Times/);
    await expectAccessible(page);
  });

  it('does the same for who has no JavaScript: silences, and ends that', async () => {
    const { page, complaints } = await look(browser, stage.url, { javaScriptEnabled: false });
    await page.goto('/incidents');
    await page.getByRole('link', { name: 'Log in' }).click();
    await page.getByLabel('Admin token').fill(stage.adminToken);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL('/incidents');
    await page.getByText('Silence incidents for a while').click();
    await page.getByLabel('Cause').selectOption('grants_dead');
    await page.getByLabel('Why').fill('Liam is asked');
    await page.getByRole('button', { name: 'Silence' }).click();
    expect(await text(page, '.flash')).toContain('Nobody is told of grants_dead until');
    expect(await text(page, '[aria-label="Open incidents, table"]')).toContain('silenced');
    await shown(admin.page, '/incidents');

    await page.getByRole('button', { name: /^End silence/ }).click();
    expect(await text(page, '.flash')).toBe('People are told of grants_dead again.');
    await page.getByRole('button', { name: 'Log out' }).click();
    expect(await page.getByRole('link', { name: 'Log in' }).count()).toBe(1);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('is healed when everybody has authorized again', async () => {
    const { page } = reader;
    await stage.reconnectEverybody();
    await page.goto('/');
    await expect
      .poll(() => text(page, '.concerns'), { timeout: 15_000 })
      .not.toMatch(/grants? dead/);
    await page.goto(liam);
    await page.locator('.axes .badge', { hasText: 'live' }).waitFor();
    for (const query of ['grant=dead', 'view=outage', 'view=overdue', 'view=inactive']) {
      await page.goto(`/tokens?${query}`);
      await page.locator('.count', { hasText: 'No token matches.' }).waitFor();
    }
    await page.goto('/reconnect');
    expect(await text(page, 'main')).toContain('0 users must authorize again');
  });
});

/** By what a person knows it. */
const labelOfFocus = '(document.activeElement.labels?.[0] ?? document.activeElement).textContent';

/** Goes on with Tab until what has this name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  await until(
    `the focus is on ${name}`,
    async () => {
      await page.keyboard.press('Tab');
      const label = await page.evaluate<string>(labelOfFocus);
      return label === name;
    },
    { everyMs: 1 },
  );
}

async function press(page: Page, name: string): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.press('Enter');
  await page.waitForLoadState();
}
