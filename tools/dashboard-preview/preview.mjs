/**
 * Draws the generated dashboards with Grafana's own panel components over live data, and takes
 * pictures of them: `npm run dashboards:preview` in the root of the project.
 *
 * PROMETHEUS_URL names a Prometheus that scrapes an exporter; without it the demo and a Prometheus
 * (`prometheus` must be installed) run for PREVIEW_MINUTES, three by default. Chromium must be
 * installed. It is no Grafana: what Grafana adds around the panels is not drawn.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { createServer } from 'vite';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pictures = join(root, 'docs', 'pictures');
const minutes = Number(process.env.PREVIEW_MINUTES ?? 3);
/** Of each dashboard the picture shows the first two screens: what one sees without looking for it. */
const shownHeight = 1_300;
const endings = [];

try {
  const prometheusUrl = process.env.PROMETHEUS_URL ?? (await runDemoWorld());
  const site = await serve(prometheusUrl);
  await photograph(site);
} finally {
  for (const end of endings.reverse()) await end();
}

/** The demo and a Prometheus over it, with our rules, for as long as the lines need to show something. */
async function runDemoWorld() {
  const [exporterPort, prometheusPort] = [await freePort(), await freePort()];
  const demo = spawn(process.execPath, [join(root, 'dist', 'main.js'), 'demo'], {
    env: {
      ...process.env,
      LISTEN_ADDRESS: `127.0.0.1:${exporterPort}`,
      POLL_INTERVAL: '5s',
      LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endings.push(() => ended(demo));
  const databaseUrl = await said(demo, /DATABASE_URL=(\S+)/);
  const watch = [
    'watch',
    'start',
    '--for',
    '48h',
    '--note',
    'refresh cron fixed',
    '--accept-known',
  ];
  spawn(process.execPath, [join(root, 'dist', 'main.js'), ...watch], {
    env: { ...process.env, DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'ignore', 'inherit'],
  });

  const folder = mkdtempSync(join(tmpdir(), 'dashboard-preview-'));
  endings.push(() => rmSync(folder, { recursive: true }));
  const configuration = join(folder, 'prometheus.yml');
  // JSON is YAML.
  writeFileSync(
    configuration,
    JSON.stringify({
      global: { scrape_interval: '5s', evaluation_interval: '5s' },
      rule_files: [join(root, 'alerts', '*.rules.yml')],
      scrape_configs: [
        {
          job_name: 'oauth-token-exporter',
          static_configs: [{ targets: [`127.0.0.1:${exporterPort}`] }],
        },
      ],
    }),
  );
  const prometheus = spawn(
    'prometheus',
    [
      `--config.file=${configuration}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${prometheusPort}`,
      '--log.level=error',
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  endings.push(() => ended(prometheus));
  for (const child of [demo, prometheus]) {
    child.once('exit', (code) => {
      if (code !== null && code !== 0) console.error(`${child.spawnfile} ended with ${code}`);
    });
  }

  console.log(`The demo runs for ${minutes} min, so that the lines have something to show ...`);
  await delay(minutes * 60_000);
  return `http://127.0.0.1:${prometheusPort}`;
}

/** The page, with Prometheus under /api. */
async function serve(prometheusUrl) {
  const server = await createServer({
    configFile: fileURLToPath(new URL('vite.config.ts', import.meta.url)),
    server: { host: '127.0.0.1', proxy: { '/api': prometheusUrl } },
    plugins: [dashboardFiles()],
    logLevel: 'warn',
  });
  await server.listen();
  endings.push(() => server.close());
  return server.resolvedUrls.local[0];
}

/** The generated files, as they are, under /dashboards. */
function dashboardFiles() {
  return {
    name: 'dashboard-files',
    configureServer(server) {
      server.middlewares.use('/dashboards', (request, response) => {
        response.setHeader('content-type', 'application/json');
        response.end(
          readFileSync(join(root, 'dashboards', new URL(request.url, 'http://a').pathname)),
        );
      });
    },
  };
}

async function photograph(site) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  endings.push(() => browser.close());
  mkdirSync(pictures, { recursive: true });
  const uids = readdirSync(join(root, 'dashboards'))
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length));
  for (const uid of uids) {
    const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
    page.on('pageerror', (error) => console.error(`${uid}: ${error.message}`));
    await page.goto(`${site}?dashboard=${uid}&minutes=${minutes}`);
    await page.waitForSelector('body[data-drawn]', { state: 'attached', timeout: 60_000 });
    // Charts are drawn one frame after their data.
    await delay(1_000);
    const path = join(pictures, `${uid}.png`);
    await page.screenshot({
      path,
      clip: { x: 0, y: 0, width: 1600, height: shownHeight },
      fullPage: true,
    });
    console.log(path);
    await page.close();
  }
}

/** What the first group of `pattern` matches in what the program says. */
function said(child, pattern) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.once('exit', (code) => reject(new Error(`the demo ended with ${code}:\n${text}`)));
    child.stdout.setEncoding('utf8').on('data', (piece) => {
      text += piece;
      const match = pattern.exec(text);
      if (match) resolve(match[1]);
    });
  });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createTcpServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function ended(child) {
  if (child.exitCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  return exit;
}
