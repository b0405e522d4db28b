import type { Assessment } from '../assess/assess.js';
import { giveWay } from '../give-way.js';
import { deflatePart } from './gzip-parts.js';
import type { GzipPart } from './gzip-parts.js';

/** Tokens that are looked at before the event loop turns: a millisecond or two of work. */
const sliceSize = 1_000;

type ProviderState = Assessment['providers'] extends ReadonlyMap<string, infer P> ? P : never;

/** A token's sample, in milliseconds; null or infinite: it has none. */
type Sample = readonly [id: string, valueMs: number | null];

interface Family {
  readonly name: string;
  readonly help: string;
  readonly samples: (provider: ProviderState) => Iterable<Sample>;
  /** Only the tokens that the first family shows. */
  readonly ofShown: boolean;
}

const families: readonly Family[] = [
  {
    name: 'oauth_token_expiration_timestamp_seconds',
    help: 'Expiration of the access token. Only the most urgent tokens have this series.',
    ofShown: false,
    *samples({ tokens }) {
      for (const { id, expiresAtMs } of tokens?.mostUrgent ?? []) yield [id, expiresAtMs];
    },
  },
  {
    name: 'oauth_token_refresh_due_timestamp_seconds',
    help: 'When the token is, or was, due to be refreshed. Only the most urgent tokens have this series.',
    ofShown: true,
    *samples({ tokens, grants }) {
      if (tokens === null || grants === null) return;
      for (const { tokenId, dueAtMs } of grants.due) yield [tokenId, dueAtMs];
    },
  },
  {
    name: 'oauth_sync_last_success_timestamp_seconds',
    help: 'Last successful sync with this token. Only the most urgent tokens have this series.',
    ofShown: false,
    *samples({ syncs }) {
      for (const { id, atMs } of syncs?.lastSuccess ?? []) yield [id, atMs];
    },
  },
];

/**
 * Renders and compresses the series of single tokens: the part that both exposition formats share.
 *
 * Written by hand and in slices: a hundred thousand gauges of a metrics library block the event
 * loop for half a second. Of a token id that occurs twice the first is rendered, since Prometheus
 * refuses the whole scrape otherwise.
 */
export async function renderTokenSeries(providers: Assessment['providers']): Promise<GzipPart[]> {
  const parts: GzipPart[] = [];
  const shownOf = new Map<string, Set<string>>();
  for (const { name, help, samples, ofShown } of families) {
    let text = `# HELP ${name} ${help}\n# TYPE ${name} gauge\n`;
    for (const [provider, state] of providers) {
      const start = `${name}{provider="${escapeLabel(provider)}",token_id="`;
      const shown = (ofShown ? shownOf.get(provider) : null) ?? new Set<string>();
      let looked = 0;
      for (const [id, valueMs] of samples(state)) {
        // Whoever was shown is taken out, so that one set tells both what is shown and what was.
        const isFirst = ofShown ? shown.delete(id) : !shown.has(id);
        if (isFirst) {
          if (!ofShown) shown.add(id);
          if (valueMs !== null && Number.isFinite(valueMs)) {
            text += `${start}${escapeLabel(id)}"} ${String(valueMs / 1000)}\n`;
          }
        }
        looked += 1;
        if (looked % sliceSize > 0) continue;
        // In the thread pool: meanwhile the event loop turns.
        parts.push(await deflatePart(Buffer.from(text)));
        text = '';
        await giveWay();
      }
      if (!shownOf.has(provider)) shownOf.set(provider, shown);
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
