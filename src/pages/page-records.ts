import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Query } from '../database/read-snapshot.js';
import { sqlStateOf } from '../database/sql-state.js';
import { writeTransaction } from '../database/write-transaction.js';
import { readTokenSurroundings } from '../remedy/read-token-surroundings.js';
import { listIncidents } from '../store/incident-list.js';
import { explainStateProblem } from '../store/open-state.js';
import { readLedger } from '../store/ledger.js';
import { readSilences } from '../store/silences.js';
import { readGoneAt } from '../store/token-memory.js';
import { readBaseline, readSamples, readWatches } from '../store/watches.js';
import { hashOf, keptSamples } from '../watcher/end-watch.js';
import type { KeptWatch } from '../watch/parse-watch.js';
import { parseWatch } from '../watch/parse-watch.js';
import { makeReport } from '../watch/report.js';
import type { WatchReport } from '../watch/report.js';
import type { IncidentRecords, PageRecords, Recorded } from './page-facts.js';

/** How long a page waits for the memory before it is shown without. */
const patienceMs = 1_000;
/** Incidents are asked for at most so often, however many people look. */
const incidentsKeptMs = 1_000;
const ledgerLines = 100;
const mostWatches = 50;
const mostIncidents = 200;
const endedWithinMs = 7 * 86_400_000;

/** What the pages read of the memory: bounded, and never in the way of a page. */
export function createPageRecords(pool: Pool, monotonicMs: () => number): PageRecords {
  const read = <T>(work: (query: Query) => Promise<T>): Promise<Recorded<T>> =>
    soon(
      writeTransaction(pool, async (query) => {
        await query('SET TRANSACTION READ ONLY');
        return work(query);
      }),
    );
  let kept: { readonly atMs: number; readonly answer: Promise<Recorded<IncidentRecords>> } | null =
    null;

  return {
    incidents(fresh) {
      const nowMs = monotonicMs();
      if (fresh || kept === null || nowMs - kept.atMs >= incidentsKeptMs) {
        kept = { atMs: nowMs, answer: read(readIncidents) };
      }
      return kept.answer;
    },
    token: (provider, tokenId) =>
      read((query) => readTokenSurroundings(query, provider, tokenId, ledgerLines)),
    goneToken: (provider, tokenId) =>
      read(async (query) => {
        const goneAtMs = await readGoneAt(query, provider, tokenId);
        if (goneAtMs === null) return null;
        return { goneAtMs, ledger: await readLedger(query, provider, tokenId, ledgerLines) };
      }),
    watches: () => read(readKeptWatches),
    watchReport: (id, nowMs) => read((query) => readReport(query, id, nowMs)),
  };
}

/** An answer in time, or why there is none. What fails later fails unheard. */
async function soon<T>(work: Promise<T>): Promise<Recorded<T>> {
  const impatience = new AbortController();
  const answer = work.then(
    (value): Recorded<T> => ({ ok: true, value }),
    (error: unknown): Recorded<T> => ({ ok: false, problem: explainProblem(error) }),
  );
  const late = delay(patienceMs, undefined, { signal: impatience.signal, ref: false }).then(
    (): Recorded<T> => ({ ok: false, problem: 'its database did not answer within a second' }),
    () => answer,
  );
  const first = await Promise.race([answer, late]);
  impatience.abort();
  return first;
}

function explainProblem(error: unknown): string {
  const code = sqlStateOf(error);
  return code === '3F000' || code === '42P01'
    ? 'the exporter has no memory yet'
    : explainStateProblem(error);
}

async function readIncidents(query: Query): Promise<IncidentRecords> {
  return {
    incidents: await listIncidents(query, { sinceMs: endedWithinMs, limit: mostIncidents }),
    silences: await readSilences(query),
  };
}

async function readKeptWatches(query: Query): Promise<KeptWatch[]> {
  const kept: KeptWatch[] = [];
  for (const row of await readWatches(query, { limit: mostWatches })) {
    const isActive = row.endedAtMs === null;
    kept.push(parseWatch(row, isActive ? await readBaseline(query, row.id) : null));
  }
  return kept;
}

async function readReport(
  query: Query,
  id: number,
  nowMs: number | null,
): Promise<WatchReport | null> {
  const [row] = await readWatches(query, { id, limit: 1 });
  if (row === undefined) return null;
  const kept = parseWatch(row, await readBaseline(query, row.id));
  const samples = keptSamples(await readSamples(query, row.id));
  const { state, end } = kept;
  const asOfMs = nowMs ?? state.progress?.last?.atMs ?? state.watch.startedAtMs;
  if (end === null) return makeReport(kept, samples, asOfMs, { kind: 'open' });
  const kind = hashOf(state, end.judgement, samples) === end.hash ? 'intact' : 'broken';
  return makeReport(kept, samples, end.atMs, { kind, hash: end.hash });
}
