import { join } from 'node:path';
import { findFreePort } from './free-port.js';
import { runProgram, type CommandResult } from './process.js';
import { startServer } from './server-process.js';
import { findProgram } from './system-servers.js';

/** An alert as clients post it, such as Prometheus. */
export interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly startsAt?: string;
  /** Past: it is resolved. */
  readonly endsAt?: string;
}

export interface Alertmanager {
  readonly url: string;
  post(alerts: readonly PostedAlert[]): Promise<void>;
  /** Names of the alerts that an inhibition holds back now. */
  inhibited(): Promise<string[]>;
  readonly stop: () => Promise<void>;
}

/** Starts a real Alertmanager, without a cluster. */
export async function startAlertmanager(configFile: string): Promise<Alertmanager> {
  const program = findProgram('prometheus-alertmanager');
  if (program === null) throw new Error('prometheus-alertmanager is not installed');
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const { stop } = await startServer({
    name: 'alertmanager',
    command: (folder) => [
      program,
      `--config.file=${configFile}`,
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ],
    ready: async () => (await fetch(`${url}/-/ready`)).ok,
  });
  const api = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${url}/api/v2/${path}`, init);
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    return response;
  };
  return {
    url,
    stop,
    async post(alerts) {
      const headers = { 'Content-Type': 'application/json' };
      await api('alerts', { method: 'POST', headers, body: JSON.stringify(alerts) });
    },
    async inhibited() {
      const response = await api('alerts?active=false&silenced=false&unprocessed=false');
      const alerts = (await response.json()) as { labels: { alertname: string } }[];
      return alerts.map(({ labels }) => labels.alertname).sort();
    },
  };
}

/** Runs amtool: `amtool(['check-config', file])`. */
export function amtool(args: readonly string[]): Promise<CommandResult> {
  return runProgram(findProgram('amtool') ?? 'amtool', args);
}
