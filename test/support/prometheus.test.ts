import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { describeWith } from './describe-with.js';
import { promtool, startPrometheus } from './prometheus.js';
import { until } from './until.js';

describeWith('prometheus', 'Prometheus', () => {
  it('scrapes a target and answers PromQL', async () => {
    const target = createServer((_, response) => response.end('answer 42\n'));
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
    const { port } = target.address() as AddressInfo;
    onTestFinished(() => void target.close());
    const prometheus = await startPrometheus({ targets: [`127.0.0.1:${port}`] });
    onTestFinished(prometheus.stop);

    const [sample] = await until('the sample is there', async () => {
      const samples = await prometheus.query('answer');
      return samples.length > 0 && samples;
    });
    expect(sample).toMatchObject({ labels: { job: 'oauth-token-exporter' }, value: 42 });
    expect(await prometheus.query('1/0')).toEqual([{ labels: {}, value: Infinity }]);
    await expect(prometheus.query('1 +')).rejects.toThrow('parse error');
  });

  it('says why it did not start', async () => {
    await expect(startPrometheus({ configFile: '/no/such/file.yml' })).rejects.toThrow(
      '/no/such/file.yml',
    );
  });

  it('comes with promtool, which reads from standard input', async () => {
    const bad = await promtool(['check', 'metrics'], '# TYPE a_count gauge\na_count 1\n');
    expect(bad.code).toBe(3);
    expect(bad.stderr).toContain('a_count');
    const good = await promtool(['check', 'metrics'], '# HELP a A.\n# TYPE a gauge\na 1\n');
    expect(good).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});
