import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Registry } from 'prom-client';

/** Everything `/metrics` can answer until the next poll, ready to send. */
export interface Exposition {
  readonly text: EncodedExposition;
  readonly openMetrics: EncodedExposition;
}

export interface EncodedExposition {
  readonly contentType: string;
  readonly identity: Buffer;
  readonly gzip: Buffer;
}

const compress = promisify<Buffer, { level: number }, Buffer>(gzip);

/**
 * Renders and compresses the exposition once, in both formats.
 *
 * A scrape then costs neither a query nor a render. `tokenSeries` is the part that looks the same
 * in both.
 */
export async function renderExposition(
  registry: Registry,
  tokenSeries: Buffer,
): Promise<Exposition> {
  const text = await registry.metrics();
  return {
    text: await encode(Registry.PROMETHEUS_CONTENT_TYPE, [Buffer.from(text), tokenSeries]),
    openMetrics: await encode(Registry.OPENMETRICS_CONTENT_TYPE, [
      Buffer.from(toOpenMetrics(text)),
      tokenSeries,
      Buffer.from('# EOF\n'),
    ]),
  };
}

/**
 * Rewrites the text format as OpenMetrics, without its closing `# EOF`: a counter's metadata
 * loses the `_total` of its sample, and there are no empty lines.
 *
 * Asking prom-client for OpenMetrics instead would rename the counters of the registry for good.
 */
export function toOpenMetrics(text: string): string {
  const counters = new Set(
    [...text.matchAll(/^# TYPE (\S+)_total counter$/gm)].map(([, name]) => name),
  );
  return text
    .replaceAll(/^# (HELP|TYPE) (\S+)_total /gm, (line, keyword: string, name: string) =>
      counters.has(name) ? `# ${keyword} ${name} ` : line,
    )
    .replaceAll(/\n{2,}/g, '\n');
}

async function encode(contentType: string, parts: Buffer[]): Promise<EncodedExposition> {
  const identity = Buffer.concat(parts);
  return { contentType, identity, gzip: await compress(identity, { level: 1 }) };
}
