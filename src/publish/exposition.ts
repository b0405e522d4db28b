import { Registry } from 'prom-client';
import { deflatePart, gzipOfParts } from './gzip-parts.js';
import type { GzipPart } from './gzip-parts.js';

/** Everything `/metrics` can answer until the next poll, ready to send. */
export interface Exposition {
  readonly text: EncodedExposition;
  readonly openMetrics: EncodedExposition;
}

export interface EncodedExposition {
  readonly contentType: string;
  /** To be sent one after the other: the series of tokens are the same bytes for both formats. */
  readonly identity: readonly Buffer[];
  readonly gzip: Buffer;
}

/**
 * Renders and compresses the exposition once, in both formats.
 *
 * A scrape then costs neither a query nor a render. `tokenSeries` is the part that looks the same
 * in both: it is neither compressed nor held twice.
 */
export async function renderExposition(
  registry: Registry,
  tokenSeries: readonly GzipPart[],
): Promise<Exposition> {
  const text = await registry.metrics();
  return {
    text: await encode(Registry.PROMETHEUS_CONTENT_TYPE, [await part(text), ...tokenSeries]),
    openMetrics: await encode(Registry.OPENMETRICS_CONTENT_TYPE, [
      await part(toOpenMetrics(text)),
      ...tokenSeries,
      await part('# EOF\n'),
    ]),
  };
}

function part(text: string): Promise<GzipPart> {
  return deflatePart(Buffer.from(text));
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

async function encode(contentType: string, parts: readonly GzipPart[]): Promise<EncodedExposition> {
  const identity = parts.map(({ plain }) => plain);
  return { contentType, identity, gzip: await gzipOfParts(parts) };
}
