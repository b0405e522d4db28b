import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findFreePort } from './free-port.js';
import { runProgram, type CommandResult } from './process.js';
import { startServer } from './server-process.js';
import { findProgram } from './system-servers.js';

export interface PrometheusOptions {
  /** `host:port` of what is scraped at /metrics. */
  readonly targets: readonly string[];
  /** Absolute paths of rule files. */
  readonly ruleFiles?: readonly string[];
  /** Of scrapes and rules. */
  readonly interval?: string;
}

/** One series of an instant query's answer. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Prometheus {
  readonly url: string;
  /** Answers an instant query now; a scalar is one sample without labels. Throws on a bad query. */
  query(promql: string): Promise<Sample[]>;
  readonly stop: () => Promise<void>;
}

/**
 * Starts a real Prometheus. The first scrape comes some 5 s after the start (its service discovery
 * waits that long), so tests ask with `until`.
 */
export async function startPrometheus(
  options: PrometheusOptions | { readonly configFile: string; readonly agent?: boolean },
): Promise<Prometheus> {
  const program = findProgram('prometheus');
  if (program === null) throw new Error('prometheus is not installed');
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const { stop } = await startServer({
    name: 'prometheus',
    async command(folder) {
      let file = join(folder, 'prometheus.yml');
      if ('configFile' in options) file = options.configFile;
      else await writeFile(file, configuration(options));
      const isAgent = 'agent' in options && options.agent;
      return [
        program,
        `--config.file=${file}`,
        // An agent keeps no data and answers no query: it scrapes, and writes to elsewhere.
        ...(isAgent
          ? ['--enable-feature=agent', `--storage.agent.path=${join(folder, 'data')}`]
          : [`--storage.tsdb.path=${join(folder, 'data')}`]),
        `--web.listen-address=127.0.0.1:${port}`,
      ];
    },
    ready: async () => (await fetch(`${url}/-/ready`)).ok,
  });
  return { url, stop, query: (promql) => queryInstant(url, promql) };
}

/** JSON is YAML. */
function configuration({ targets, ruleFiles = [], interval = '1s' }: PrometheusOptions): string {
  return JSON.stringify({
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: ruleFiles,
    scrape_configs: [{ job_name: 'oauth-token-exporter', static_configs: [{ targets }] }],
  });
}

type QueryAnswer =
  | { status: 'error'; error: string }
  | {
      status: 'success';
      data:
        | { resultType: 'vector'; result: { metric: Record<string, string>; value: Value }[] }
        | { resultType: 'scalar' | 'string'; result: Value };
    };
type Value = [at: number, value: string];

/** Asks any server that speaks Prometheus' HTTP API. */
export async function queryInstant(url: string, promql: string): Promise<Sample[]> {
  const response = await fetch(`${url}/api/v1/query`, {
    method: 'POST',
    body: new URLSearchParams({ query: promql }),
  });
  const answer = (await response.json()) as QueryAnswer;
  if (answer.status === 'error') throw new Error(`${answer.error} in: ${promql}`);
  if (answer.data.resultType !== 'vector') {
    return [{ labels: {}, value: toNumber(answer.data.result) }];
  }
  return answer.data.result.map(({ metric, value }) => ({
    labels: metric,
    value: toNumber(value),
  }));
}

/** Prometheus writes infinities as `+Inf`. */
function toNumber([, text]: Value): number {
  return Number(text.replace('Inf', 'Infinity'));
}

/** Runs promtool: `promtool(['check', 'metrics'], exposition)`. */
export function promtool(args: readonly string[], stdin = ''): Promise<CommandResult> {
  return runProgram(findProgram('promtool') ?? 'promtool', args, { stdin });
}
