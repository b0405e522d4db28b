import type { Query } from '../database/read-snapshot.js';
import { readBaseline, readSamples, readWatches } from '../store/watches.js';
import { parseWatch } from '../watch/parse-watch.js';
import type { KeptWatch } from '../watch/parse-watch.js';
import { makeReport } from '../watch/report.js';
import type { Seal, WatchReport } from '../watch/report.js';
import type { KeptSample } from '../watch/watch-sample.js';
import { hashOf, keptSamples } from './end-watch.js';

/** Watches without their samples, the newest first. */
export async function readKeptWatches(query: Query, limit: number): Promise<readonly KeptWatch[]> {
  const all: KeptWatch[] = [];
  for (const row of await readWatches(query, { limit })) {
    const isActive = row.endedAtMs === null;
    all.push(parseWatch(row, isActive ? await readBaseline(query, row.id) : null));
  }
  return all;
}

/** The newest watch with its baseline, without its samples; null: there is none. */
export async function readNewestWatch(query: Query): Promise<KeptWatch | null> {
  const [row] = await readWatches(query, { limit: 1 });
  return row === undefined ? null : parseWatch(row, await readBaseline(query, row.id));
}

/**
 * Reads one watch whole, by its id or else the newest, and makes its report as of `readNowMs`, which
 * is asked only where the watch still runs; null: there is none.
 */
export async function readReport(
  run: <T>(work: (query: Query) => Promise<T>) => Promise<T>,
  id: number | null,
  readNowMs: () => Promise<number>,
): Promise<WatchReport | null> {
  const found = await run(async (query) => {
    const [row] = await readWatches(query, { id, limit: 1 });
    if (row === undefined) return null;
    const kept = parseWatch(row, await readBaseline(query, row.id));
    return { kept, samples: keptSamples(await readSamples(query, row.id)) };
  });
  if (found === null) return null;
  const { kept, samples } = found;
  const nowMs = kept.end?.atMs ?? (await readNowMs());
  return makeReport(kept, samples, nowMs, sealOf(kept, samples));
}

function sealOf({ state, end }: KeptWatch, samples: readonly KeptSample[]): Seal {
  if (end === null) return { kind: 'open' };
  const kind = hashOf(state, end.judgement, samples) === end.hash ? 'intact' : 'broken';
  return { kind, hash: end.hash };
}
