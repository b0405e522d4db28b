import { startCli, type RunningCli } from '../support/process.js';
import { until } from '../support/until.js';

export interface Exporter extends RunningCli {
  readonly url: string;
  /** Values by series, as `/metrics` has them now. Throws when it does not answer with 200. */
  scrape(): Promise<ReadonlyMap<string, number>>;
  /** Status and body of a page. */
  get(path: string): Promise<{ readonly status: number; readonly body: string }>;
  /** Waits until a poll succeeded. */
  ready(): Promise<void>;
}

/** Starts the built exporter on a port that the system chooses. */
export async function startExporter(env: Readonly<Record<string, string>>): Promise<Exporter> {
  const cli = startCli(['serve'], {
    LISTEN_ADDRESS: '127.0.0.1:0',
    POLL_INTERVAL: '1s',
    ...env,
  });
  const [, url = ''] = await cli.waitForLine(/"url":"([^"]+)".*"msg":"listening"/);
  return { ...cli, url, ...client(url) };
}

/** How a test asks a running exporter. */
export function client(url: string): Pick<Exporter, 'scrape' | 'get' | 'ready'> {
  const get = async (path: string) => {
    const response = await fetch(`${url}${path}`);
    return { status: response.status, body: await response.text() };
  };
  return {
    get,
    async scrape() {
      const { status, body } = await get('/metrics');
      if (status !== 200) throw new Error(`/metrics answered ${status}: ${body}`);
      return parseSamples(body);
    },
    async ready() {
      await until('a poll succeeded', async () => (await get('/-/ready')).status === 200);
    },
  };
}

function parseSamples(exposition: string): Map<string, number> {
  const lines = exposition.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}
