import { setImmediate } from 'node:timers/promises';
import type { Assessment } from '../assess/assess.js';

/** Tokens rendered before the event loop may turn again. */
const sliceSize = 2_000;

interface TokenSample {
  readonly id: string;
  readonly valueMs: number;
}

const families = [
  {
    name: 'oauth_token_expiration_timestamp_seconds',
    help: 'Expiration of the access token. Only the most urgent tokens have this series.',
    samples: (provider: ProviderState): readonly TokenSample[] =>
      (provider.tokens?.mostUrgent ?? []).flatMap(({ id, expiresAtMs }) =>
        expiresAtMs !== null && Number.isFinite(expiresAtMs) ? [{ id, valueMs: expiresAtMs }] : [],
      ),
  },
  {
    name: 'oauth_token_refresh_due_timestamp_seconds',
    help: 'When the token is, or was, due to be refreshed. Only the most urgent tokens have this series.',
    samples: (provider: ProviderState): readonly TokenSample[] => {
      const shown = new Set((provider.tokens?.mostUrgent ?? []).map(({ id }) => id));
      return (provider.grants?.due ?? []).flatMap(({ tokenId, dueAtMs }) =>
        shown.has(tokenId) ? [{ id: tokenId, valueMs: dueAtMs }] : [],
      );
    },
  },
  {
    name: 'oauth_sync_last_success_timestamp_seconds',
    help: 'Last successful sync with this token. Only the most urgent tokens have this series.',
    samples: (provider: ProviderState): readonly TokenSample[] =>
      (provider.syncs?.lastSuccess ?? []).map(({ id, atMs }) => ({ id, valueMs: atMs })),
  },
];

type ProviderState = Assessment['providers'] extends ReadonlyMap<string, infer P> ? P : never;

/**
 * Renders the series of single tokens, in the part that both exposition formats share.
 *
 * Written by hand and in slices: a hundred thousand gauges of a metrics library block the event
 * loop for half a second. A token id that occurs twice is rendered once, since Prometheus refuses
 * the whole scrape otherwise.
 */
export async function renderTokenSeries(providers: Assessment['providers']): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (const { name, help, samples } of families) {
    chunks.push(Buffer.from(`# HELP ${name} ${help}\n# TYPE ${name} gauge\n`));
    for (const [provider, state] of providers) {
      const rendered = new Set<string>();
      const all = samples(state);
      for (let start = 0; start < all.length; start += sliceSize) {
        chunks.push(
          Buffer.from(renderSlice(name, provider, all.slice(start, start + sliceSize), rendered)),
        );
        await setImmediate();
      }
    }
  }
  return Buffer.concat(chunks);
}

function renderSlice(
  name: string,
  provider: string,
  samples: readonly TokenSample[],
  rendered: Set<string>,
): string {
  const escapedProvider = escapeLabel(provider);
  let text = '';
  for (const { id, valueMs } of samples) {
    if (rendered.has(id)) continue;
    rendered.add(id);
    text += `${name}{provider="${escapedProvider}",token_id="${escapeLabel(id)}"} ${String(valueMs / 1000)}\n`;
  }
  return text;
}

/** Escapes a label value as the text exposition format wants it. */
function escapeLabel(value: string): string {
  return /[\\"\n]/.test(value)
    ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
    : value;
}
