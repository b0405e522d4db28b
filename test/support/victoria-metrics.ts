import { findFreePort } from './free-port.js';
import { queryInstant, type Sample } from './prometheus.js';
import { startServer } from './server-process.js';
import { findProgram } from './system-servers.js';

export interface VictoriaMetrics {
  /** Where Prometheus writes to. */
  readonly writeUrl: string;
  /** Answers an instant query now. Throws on a bad query. */
  query(promql: string): Promise<Sample[]>;
  readonly stop: () => Promise<void>;
}

/** Starts a real VictoriaMetrics, which takes remote_write and answers PromQL. */
export async function startVictoriaMetrics(): Promise<VictoriaMetrics> {
  const program = findProgram('victoria-metrics');
  if (program === null) throw new Error('victoria-metrics is not installed');
  const url = `http://127.0.0.1:${await findFreePort()}`;
  const { stop } = await startServer({
    name: 'victoria-metrics',
    command: (folder) => [
      program,
      `-storageDataPath=${folder}/data`,
      `-httpListenAddr=${new URL(url).host}`,
      '-retentionPeriod=1',
      '-search.latencyOffset=0s',
    ],
    ready: async () => (await fetch(`${url}/health`)).ok,
  });
  return {
    writeUrl: `${url}/api/v1/write`,
    query: (promql) => queryInstant(url, promql),
    stop,
  };
}
