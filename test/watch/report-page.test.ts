import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { reportHtml } from '../../src/watch/report-html.js';
import { startChromium } from '../support/chromium.js';
import { describeWith } from '../support/describe-with.js';
import { reportOf } from './reports.js';
import { simulateWatch } from './simulate-watch.js';
import type { Scenario } from './simulate-watch.js';
import { createWorld, dayMs, hourMs, minuteMs, startMs } from './simulated-world.js';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

interface AxeRun {
  readonly axe: {
    run: () => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
  };
}

const scenarios: Readonly<Record<string, () => Scenario>> = {
  stable: () => ({
    world: createWorld(12, dayMs),
    isUp: (offsetMs) => offsetMs < 30 * hourMs || offsetMs > 30 * hourMs + 4 * minuteMs,
  }),
  unstable: () => {
    const world = createWorld(12, dayMs);
    world.kill('token-4', startMs - hourMs);
    world.ledger.length = 0;
    return {
      world,
      acceptKnown: true,
      events: [
        [
          30 * hourMs,
          (nowMs) => {
            world.kill('token-7', nowMs);
          },
        ],
      ],
    };
  },
  inconclusive: () => ({
    world: createWorld(12, 60 * dayMs),
    isUp: (offsetMs) => offsetMs < 20 * hourMs || offsetMs > 21 * hourMs,
  }),
};

describeWith('chromium', 'the report of a watch as a page', () => {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    browser = await startChromium();
    folder = await mkdtemp(join(tmpdir(), 'watch-report-'));
  });
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true });
  });

  it.each(Object.keys(scenarios))(
    'is accessible, in light and in dark, and prints on two pages at most: %s',
    async (name) => {
      const result = await simulateWatch(scenarios[name]!());
      const file = join(folder, `${name}.html`);
      await writeFile(file, reportHtml(reportOf(result)));
      for (const colorScheme of ['light', 'dark'] as const) {
        const page = await browser.newPage({ colorScheme, viewport: { width: 1100, height: 900 } });
        const told: string[] = [];
        page.on('console', (message) => told.push(message.text()));
        page.on('pageerror', (error) => told.push(error.message));
        page.on('request', (request) => {
          if (!request.url().startsWith('file:')) told.push(`asked for ${request.url()}`);
        });
        await page.goto(pathToFileURL(file).href);
        expect(await page.locator('.verdict').textContent()).toBe(name.toUpperCase());
        expect(await page.locator('svg').boundingBox()).toMatchObject({ width: 952 });
        await page.addScriptTag({ content: await readFile(axe, 'utf8') });
        const { violations } = await page.evaluate(() =>
          (globalThis as unknown as AxeRun).axe.run(),
        );
        expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
        expect(told).toEqual([]);
        if (process.env['SCREENSHOTS'] !== undefined) {
          const path = join(process.env['SCREENSHOTS'], `${name}-${colorScheme}.png`);
          await page.screenshot({ path, fullPage: true });
        }
        if (colorScheme === 'light') {
          const pdf = (await page.pdf({ format: 'A4' })).toString('latin1');
          const pages = pdf.match(/\/Type\s*\/Page\b/g)?.length ?? 0;
          expect(pages).toBeGreaterThan(0);
          expect(pages).toBeLessThanOrEqual(2);
        }
        await page.close();
      }
    },
  );

  it('shows what came from data as text', async () => {
    const result = await simulateWatch({ world: createWorld(1, dayMs), forMs: hourMs });
    const report = reportOf(result);
    const hostile = '<img src=x onerror="document.title=1">\u202e&<!channel>';
    const html = reportHtml({
      ...report,
      watch: { ...report.watch, note: hostile, providers: [hostile], startedBy: hostile },
      reasons: [{ code: 'violation', text: hostile }],
    });
    const page = await browser.newPage();
    await page.setContent(html);
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('main').textContent()).toContain('<img src=x onerror=');
    await page.close();
  });
});
