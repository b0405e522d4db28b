import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { codeBlocks, readDocument } from '../docs/markdown.js';
import { startExporter } from '../e2e/exporter.js';
import { referenceSchema } from '../observe/poller.js';
import { describeWith } from '../support/describe-with.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import { startPrometheus } from '../support/prometheus.js';
import { until } from '../support/until.js';
import { startVictoriaMetrics } from '../support/victoria-metrics.js';

const tokens = 1_500;

interface AgentConfig {
  global: { scrape_interval: string };
  scrape_configs: { static_configs: { targets: string[] }[] }[];
  remote_write: { url: string }[];
}

/** The agent's configuration in docs/scale.md, with addresses of this test. */
function documented(target: string, writeUrl: string): AgentConfig {
  const blocks = codeBlocks(readDocument('docs/scale.md').text, 'yaml');
  const text = blocks.find((block) => block.includes('remote_write'));
  const config = parse(text ?? '') as AgentConfig;
  config.global.scrape_interval = '1s';
  config.scrape_configs[0]!.static_configs[0]!.targets = [target];
  config.remote_write[0]!.url = writeUrl;
  return config;
}

describeWith(
  ['prometheus', 'victoria-metrics'],
  'metrics of many tokens, written to elsewhere',
  () => {
    it('arrive in VictoriaMetrics through a Prometheus that keeps none, as documented', async () => {
      const database = await createDatabase(testServer17);
      onTestFinished(() => database.drop());
      await database.query(`${referenceSchema};
      INSERT INTO fathom_integrations (user_id, access_token, refresh_token, token_expires_at)
      SELECT gen_random_uuid(), 'access', 'refresh', now() + n * interval '1 hour'
      FROM generate_series(1, ${tokens}) AS n`);
      const folder = await mkdtemp(join(tmpdir(), 'remote-write-'));
      onTestFinished(() => rm(folder, { recursive: true }));
      const settings = join(folder, 'oauth-token-exporter.yaml');
      await writeFile(
        settings,
        `providers: { fathom: { preset: fathom } }\ntoken_series_limit: ${tokens}`,
      );
      const exporter = await startExporter({
        DATABASE_URL: database.url,
        CONFIG_FILE: settings,
        REFRESH_MODE: 'off',
      });
      onTestFinished(async () => {
        await exporter.stop();
      });
      await exporter.ready();
      const engine = await startVictoriaMetrics();
      onTestFinished(engine.stop);
      const configFile = join(folder, 'agent.yml');
      // JSON is YAML.
      const config = documented(new URL(exporter.url).host, engine.writeUrl);
      await writeFile(configFile, JSON.stringify(config));
      const agent = await startPrometheus({ configFile, agent: true });
      onTestFinished(agent.stop);

      const count = 'count(oauth_token_expiration_timestamp_seconds{provider="fathom"})';
      await until('the series of all tokens arrived', async () => {
        const [sample] = await engine.query(count);
        return sample?.value === tokens;
      });
      const [valid] = await engine.query('sum(oauth_tokens{provider="fathom"})');
      expect(valid?.value).toBe(tokens);
      const [soonest] = await engine.query(
        'bottomk(1, oauth_token_expiration_timestamp_seconds) - time()',
      );
      expect(soonest?.value).toBeLessThan(3_600);
      await expect(agent.query('up')).rejects.toThrow();
    });
  },
);
