import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PageActions } from '../../src/pages/admin/page-actions.js';
import { cookieName } from '../../src/pages/admin/session-cookie.js';
import { createSessions } from '../../src/pages/admin/sessions.js';
import { paths } from '../../src/pages/links.js';
import type { ListeningServer } from '../../src/publish/server.js';
import { openAdminDoor } from '../../src/publish/admin-door.js';
import { startChromium } from '../support/chromium.js';
import { describeWith } from '../support/describe-with.js';
import { configOf } from '../refresh/refresh-world.js';
import { expectNoOverflow, look } from './looking.js';
import { assessmentOfRows, configuredProvider, servePages, sightsOf } from './served-pages.js';

const notHere = () => Promise.reject(new Error('nobody does anything here'));
const actions: PageActions = {
  refresh: notHere,
  startWatch: notHere,
  stopWatch: notHere,
  silence: notHere,
  unsilence: notHere,
};

describeWith('chromium', 'the header, where most is in it: a demo, and an admin', () => {
  const sessions = createSessions(() => 0);
  let browser: Browser;
  let server: ListeningServer;
  beforeAll(async () => {
    const config = configOf({
      DATABASE_URL: 'postgresql://user@localhost/app',
      ADMIN_TOKEN: 'planted-admin-token-0123456789',
    });
    const door = openAdminDoor(config, () => 0);
    if (door === null) throw new Error('there is no door');
    const sights = sightsOf(assessmentOfRows(configuredProvider('app'), [{}]));
    server = await servePages(
      { sights, names: ['app'] },
      { demo: true, admin: { door, sessions, actions } },
    );
    browser = await startChromium();
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  const openAsAdmin = async (width: number): Promise<Page> => {
    const { page } = await look(browser, server.url, { viewport: { width, height: 800 } });
    const session = { name: cookieName, value: sessions.begin().id, url: server.url };
    await page.context().addCookies([session]);
    await page.goto(paths.overview);
    expect(await page.locator('.demo').count()).toBe(1);
    expect(await page.locator('.entrance button').count()).toBe(1);
    return page;
  };

  // 1265: a window of 1280 with a scroll bar.
  it.each([1265, 1280, 2560])('is one line at %d px', async (width) => {
    const page = await openAsAdmin(width);
    const parts = page.locator('.brand > *, nav li, .entrance > span, .entrance button');
    const boxes = await Promise.all((await parts.all()).map((part) => part.boundingBox()));
    const middles = boxes.map((box) => (box === null ? NaN : box.y + box.height / 2));
    expect(middles.length).toBeGreaterThan(10);
    expect(Math.max(...middles) - Math.min(...middles)).toBeLessThan(8);
    await page.context().close();
  });

  it('fits into 390 px', async () => {
    const page = await openAsAdmin(390);
    await expectNoOverflow(page);
    await page.context().close();
  });
});
