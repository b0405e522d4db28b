import type { Assessment } from '../assess/assess.js';
import { deflatePart } from './gzip-parts.js';
import type { GzipPart } from './gzip-parts.js';

/** Samples that are rendered before the event loop turns. */
const sliceSize = 2_000;

type ProviderState = Assessment['providers'] extends ReadonlyMap<string, infer P> ? P : never;

interface Family {
  readonly name: string;
  readonly help: string;
  /** Each token's sample, in milliseconds. */
  readonly samples: (provider: ProviderState) => Iterable<readonly [id: string, valueMs: number]>;
}

const families: readonly Family[] = [
  {
    name: 'oauth_token_expiration_timestamp_seconds',
    help: 'Expiration of the access token. Only the most urgent tokens have this series.',
    *samples({ tokens }) {
      for (const { id, expiresAtMs } of tokens?.mostUrgent ?? []) {
        if (expiresAtMs !== null && Number.isFinite(expiresAtMs)) yield [id, expiresAtMs];
      }
    },
  },
  {
    name: 'oauth_token_refresh_due_timestamp_seconds',
    help: 'When the token is, or was, due to be refreshed. Only the most urgent tokens have this series.',
    *samples({ tokens, grants }) {
      if (tokens === null || grants === null) return;
      const shown = new Set(tokens.mostUrgent.map(({ id }) => id));
      for (const { tokenId, dueAtMs } of grants.due) {
        if (shown.has(tokenId)) yield [tokenId, dueAtMs];
      }
    },
  },
  {
    name: 'oauth_sync_last_success_timestamp_seconds',
    help: 'Last successful sync with this token. Only the most urgent tokens have this series.',
    *samples({ syncs }) {
      for (const { id, atMs } of syncs?.lastSuccess ?? []) yield [id, atMs];
    },
  },
];

/**
 * Renders and compresses the series of single tokens: the part that both exposition formats share.
 *
 * Written by hand and in slices: a hundred thousand gauges of a metrics library block the event
 * loop for half a second. A token id that occurs twice is rendered once, since Prometheus refuses
 * the whole scrape otherwise.
 */
export async function renderTokenSeries(providers: Assessment['providers']): Promise<GzipPart[]> {
  const parts: GzipPart[] = [];
  for (const { name, help, samples } of families) {
    let text = `# HELP ${name} ${help}\n# TYPE ${name} gauge\n`;
    for (const [provider, state] of providers) {
      const start = `${name}{provider="${escapeLabel(provider)}",token_id="`;
      const rendered = new Set<string>();
      for (const [id, valueMs] of samples(state)) {
        if (rendered.has(id)) continue;
        rendered.add(id);
        text += `${start}${escapeLabel(id)}"} ${String(valueMs / 1000)}\n`;
        if (rendered.size % sliceSize > 0) continue;
        // In the thread pool: meanwhile the event loop turns.
        parts.push(await deflatePart(Buffer.from(text)));
        text = '';
      }
    }
    parts.push(await deflatePart(Buffer.from(text)));
  }
  return parts;
}

/** Escapes a label value as the text exposition format wants it. */
function escapeLabel(value: string): string {
  return /[\\"\n]/.test(value)
    ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
    : value;
}
