import { describe, expect, it } from 'vitest';
import { environmentVariables } from '../../src/config/environment.js';
import { describeWith } from '../support/describe-with.js';
import { promtool } from '../support/prometheus.js';
import { pathOf, prometheusConfig } from './files.js';

describe('prometheus.yml', () => {
  it('scrapes the port on which the exporter listens by default', () => {
    const port = environmentVariables.LISTEN_ADDRESS.default.split(':').at(-1);
    expect(prometheusConfig.scrape_configs).toEqual([
      { job_name: 'oauth-token-exporter', static_configs: [{ targets: [`localhost:${port}`] }] },
    ]);
  });

  it('sends alerts to the Alertmanager beside it', () => {
    const [alertmanager] = prometheusConfig.alerting.alertmanagers;
    expect(alertmanager?.static_configs).toEqual([{ targets: ['localhost:9093'] }]);
  });
});

describeWith('prometheus', 'prometheus.yml in promtool', () => {
  it('is valid and finds the alert rules', async () => {
    const result = await promtool(['check', 'config', pathOf('prometheus.yml')]);
    expect(result, result.stderr).toMatchObject({ code: 0 });
    expect(result.stdout).toContain('rule files found');
  });
});
