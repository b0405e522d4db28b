import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startExporter } from '../e2e/exporter.js';
import type { Exporter } from '../e2e/exporter.js';
import { startRefreshWorld } from '../refresh/refresh-world.js';
import type { RefreshWorld } from '../refresh/refresh-world.js';
import { runCli } from '../support/process.js';
import { until } from '../support/until.js';

/** The length of the watch; the issue asks for 180, which takes as long: WATCH_SECONDS=180. */
const seconds = Number(process.env['WATCH_SECONDS'] ?? 30);
const pollsPerSecond = 1;

interface ReportJson {
  readonly id: number;
  readonly verdict: string;
  readonly reasons: readonly { readonly code: string; readonly text: string }[];
  readonly samples: number;
  readonly samples_expected: number;
  readonly coverage: number;
  readonly longest_gap_seconds: number;
  readonly hash_intact: boolean | null;
}

let world: RefreshWorld;
const exporters: Exporter[] = [];

beforeEach(async () => {
  world = await startRefreshWorld();
});
afterEach(async () => {
  for (const exporter of exporters.splice(0)) await exporter.stop('SIGKILL');
  await world.stop();
});

const env = (extra: Record<string, string> = {}) =>
  ({ ...world.env, ...extra }) as Record<string, string>;
const start = async (name: string) => {
  const exporter = await startExporter(env({ JOURNAL_DIR: `${world.directory}/${name}` }));
  exporters.push(exporter);
  await exporter.ready();
  return exporter;
};
const report = async () => {
  const { code, stdout } = await runCli(['watch', 'report', '--format', 'json'], env());
  return { code, json: JSON.parse(stdout) as ReportJson };
};
const begin = (...flags: string[]) =>
  runCli(
    ['watch', 'start', '--for', `${String(seconds)}s`, '--note', 'refresh cron fixed', ...flags],
    env(),
  );

describe('a live watch with two replicas', () => {
  it(
    'is STABLE with one sample per interval although one replica is killed in the middle',
    async () => {
      await world.addTokens(3, '20 hours');
      const [first] = [await start('a'), await start('b')];
      // Replicas do not start at the same moment, and neither does a watch.
      const started = await begin('--prove', '2');
      expect(started, started.stderr).toMatchObject({ code: 0 });
      expect(started.stdout).toContain('watch 1 of fathom runs for');

      await until(
        'half of the time is over',
        async () => (await report()).json.samples >= seconds / 2,
        {
          withinMs: seconds * 1_000,
          everyMs: 500,
        },
      );
      const running = await report();
      expect(running).toMatchObject({ code: 3, json: { verdict: 'RUNNING', hash_intact: null } });
      await first.stop('SIGKILL');

      const ended = await until(
        'the watch ended',
        async () => {
          const now = await report();
          return now.json.hash_intact === true && now;
        },
        { withinMs: seconds * 1_000, everyMs: 500 },
      );
      expect(ended, JSON.stringify(ended)).toMatchObject({
        code: 0,
        json: { verdict: 'STABLE', coverage: 1 },
      });
      const slots = seconds * pollsPerSecond;
      expect(Math.abs(ended.json.samples - slots)).toBeLessThanOrEqual(1);
      expect(ended.json.reasons.map(({ text }) => text).join('\n')).toMatch(
        /fathom: 4 refreshes, 0 failures/,
      );
      await until('the metrics of the other replica say so', async () => {
        const metrics = await exporters[1]!.scrape();
        expect(metrics.get('oauth_stability_watch_samples{providers="fathom"}')).toBe(
          ended.json.samples,
        );
        return metrics.get('oauth_stability_watch_verdict{providers="fathom",verdict="stable"}');
      });
    },
    seconds * 3_000 + 30_000,
  );

  it('is UNSTABLE within a poll of a deactivation, on both replicas', async () => {
    const [id] = await world.addTokens(3, '20 hours');
    await start('a');
    const second = await start('b');
    await begin();
    await until('a sample is kept', async () => (await report()).json.samples > 1);
    await world.database.query('UPDATE fathom_integrations SET is_active = false WHERE id = $1', [
      id,
    ]);
    const ended = await until('it ended', async () => {
      const now = await report();
      return now.json.verdict === 'UNSTABLE' && now;
    });
    expect(ended).toMatchObject({ code: 1, json: { hash_intact: true } });
    expect(ended.json.reasons[0]?.text).toContain(
      `token ${String(id)} was active at the start and is inactive`,
    );
    await until('the other replica says so', async () => {
      const metrics = await second.scrape();
      return (
        metrics.get('oauth_stability_watch_violations{providers="fathom",check="tokens_lost"}') ===
        1
      );
    });
  });
});
