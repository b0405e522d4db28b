import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ListeningServer } from '../../src/publish/server.js';
import { startChromium } from '../support/chromium.js';
import { describeWith } from '../support/describe-with.js';
import { tokenHref } from '../../src/pages/links.js';
import { expectAccessible, expectNoOverflow, look } from './looking.js';
import { hostileNames } from './page-world.js';
import { hostileProvider, hostileSights, servePages } from './served-pages.js';

const pages = ['/', '/tokens', '/reconnect?all=1', '/incidents', '/calendar', '/jobs', '/sources'];

describeWith('chromium', 'hostile data on the status page', () => {
  let browser: Browser;
  let server: ListeningServer;
  beforeAll(async () => {
    browser = await startChromium();
    server = await servePages(hostileSights());
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  const tokenPages = hostileNames.map((name, index) => [
    `token ${index}`,
    tokenHref(hostileProvider(name), name),
  ]);
  it.each([...pages.map((path) => [path, path]), ...tokenPages])(
    'is text, and stays in its place: %s',
    async (_, path = '') => {
      const { page, complaints } = await look(browser, server.url);
      const answer = await page.goto(path);
      expect(answer?.status()).toBe(200);
      for (const width of [390, 1280]) {
        await page.setViewportSize({ width, height: 800 });
        await expectNoOverflow(page);
      }
      expect(await page.title()).toContain('oauth-token-exporter');
      expect(await page.locator('main script, main img, main [onerror]').count()).toBe(0);
      // Marks that turn the writing direction and control characters are written out.
      const text = (await page.locator('body').textContent()) ?? '';
      expect(['\u0007', '\u001b', '\u202e'].filter((mark) => text.includes(mark))).toEqual([]);
      await expectAccessible(page);
      expect(complaints).toEqual([]);
      await page.context().close();
    },
  );
});
