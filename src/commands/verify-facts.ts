import { assess, nothingKnown } from '../assess/assess.js';
import type { Assessment } from '../assess/assess.js';
import { learnCron, nothingKnownOfCron } from '../assess/cron-knowledge.js';
import { nothingRemembered } from '../assess/memories.js';
import type { Memories, ProviderMemory } from '../assess/memories.js';
import { refreshSubject } from '../assess/refresh-subject.js';
import { syncAuthFailedAtMs } from '../assess/sync-failures.js';
import type { Config, ProviderConfig } from '../config/config.js';
import { DatabaseError } from '../database/explain-database-error.js';
import { pausesOf } from '../memory.js';
import { configuredSources } from '../observe/observe.js';
import type { Observation } from '../observe/observe.js';
import { observeDatabases } from '../observe/observe-databases.js';
import type { JudgedToken } from '../remedy/judged-token.js';
import type { RememberedReturns } from '../remedy/verify-reconnections.js';
import { verifyReturns } from '../remedy/reconnect-verify.js';
import { readCronKnowledge } from '../store/cron-memory.js';
import { readLedgerBegin } from '../store/ledger-begin.js';
import { readProviderRow } from '../store/provider-row.js';
import { readLastSwitches } from '../store/switch-events.js';
import { firstSight, readTokenMemory } from '../store/token-memory.js';
import type { TokenMemory } from '../store/token-memory.js';
import { readAsked } from './reconnect-verify.js';
import type { RemedyScope } from './remedy-scope.js';
import { memoryRemedies, missesMemory } from './state-database.js';

/** The world as one poll would see it, and what the memory has on each provider. */
export interface VerifyFacts {
  readonly config: Config;
  readonly observation: Observation;
  readonly assessment: Assessment;
  readonly memoryProblem: string | null;
  /** How many jobs are remembered. */
  readonly rememberedJobs: number;
  readonly providers: readonly ProviderFacts[];
}

/** What of one provider goes beyond observation and assessment. */
export interface ProviderFacts {
  readonly provider: ProviderConfig;
  readonly tokens: readonly JudgedToken[];
  readonly remembered: RememberedReturns | { readonly problem: string };
}

/**
 * Observes once and assesses as a poll does, but remembers nothing of it: verifying changes nothing.
 * Throws `DatabaseError` when no database of tokens can be used; one of several that can't, and a
 * memory that can't, are facts.
 */
export async function readVerifyFacts(
  scope: RemedyScope,
  since: Date | null,
): Promise<VerifyFacts> {
  const config: Config = { ...scope.ready.config, providers: scope.providers };
  const observation = await observeDatabases(scope.databases.of, config, Date.now);
  const { memories, remembered } = await recall(scope, observation);
  const assessment = assess({ ok: true, observation }, memories, nothingKnown, {
    ...config,
    sources: configuredSources(config),
  });
  const providers: ProviderFacts[] = [];
  for (const provider of scope.providers) {
    const memory = remembered.get(provider.name) ?? new Map<string, TokenMemory>();
    const tokens = judgeTokens(provider, observation, assessment, memory);
    const returns =
      memories.problem === null
        ? await readReturns(scope, provider, tokens, observation.now, since)
        : { problem: memories.problem };
    providers.push({ provider, tokens, remembered: returns });
  }
  return {
    config,
    observation,
    assessment,
    memoryProblem: memories.problem,
    rememberedJobs: memories.cron?.jobs.size ?? 0,
    providers,
  };
}

interface Recalled {
  readonly memories: Memories;
  /** Without what only this look would add. */
  readonly remembered: ReadonlyMap<string, ReadonlyMap<string, TokenMemory>>;
}

/** What a poll would have in mind: what is remembered, and the first sight of whatever is not. */
async function recall(
  { state, ready, providers }: RemedyScope,
  { now, providers: observed, surroundings }: Observation,
): Promise<Recalled> {
  const remembered = new Map<string, ReadonlyMap<string, TokenMemory>>();
  const pauses = new Map<string, ProviderMemory['pauses']>();
  let cron = nothingKnownOfCron;
  let problem: string | null = null;
  try {
    await state.run(async (query) => {
      for (const { name, refresh } of providers) {
        remembered.set(name, await readTokenMemory(query, name));
        pauses.set(name, pausesOf(refresh, await readProviderRow(query, name), now));
      }
      if (ready.config.cron !== null) cron = await readCronKnowledge(query);
    });
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const missing = missesMemory(error);
    problem = missing === null ? error.message : memoryRemedies[missing];
    remembered.clear();
  }
  const inMind = new Map<string, ProviderMemory>();
  for (const { name, tokens } of observed) {
    const rows = tokens.known ? (tokens.value.rows ?? []) : [];
    const known = remembered.get(name);
    const all = rows.map((row) => [row.id, known?.get(row.id) ?? firstSight(row, now.getTime())]);
    inMind.set(name, {
      tokens: new Map(all as [string, TokenMemory][]),
      pauses: pauses.get(name) ?? [],
    });
  }
  const learned = surroundings.cron === null ? cron : learnCron(cron, surroundings.cron, now);
  const memories = { ...nothingRemembered, problem, providers: inMind, cron: learned };
  return { memories, remembered };
}

function judgeTokens(
  provider: ProviderConfig,
  { now, providers }: Observation,
  assessment: Assessment,
  memory: ReadonlyMap<string, TokenMemory>,
): JudgedToken[] {
  const tokens = providers.find(({ name }) => name === provider.name)?.tokens;
  const failures = assessment.providers.get(provider.name)?.syncFailures ?? null;
  const rows = tokens?.known === true ? (tokens.value.rows ?? []) : [];
  return rows.map((row) => {
    const known = memory.get(row.id) ?? null;
    const failedAtMs = syncAuthFailedAtMs(failures, row.id);
    const facts = { ...row, currentFingerprint: null, syncAuthFailedAtMs: failedAtMs };
    const subject = refreshSubject(provider, known ?? firstSight(row, now.getTime()), facts);
    return { provider, row, memory: known, subject };
  });
}

async function readReturns(
  { state }: RemedyScope,
  provider: ProviderConfig,
  tokens: readonly JudgedToken[],
  now: Date,
  since: Date | null,
): Promise<ProviderFacts['remembered']> {
  try {
    const { switches, ledgerBeginsAtMs } = await state.run(async (query) => ({
      switches: await readLastSwitches(query, provider.name),
      ledgerBeginsAtMs: await readLedgerBegin(query, provider.name),
    }));
    const lastSwitchOf = (tokenId: string) => switches.get(tokenId) ?? null;
    const context = {
      personOf: () => null,
      lastSwitchOf: ({ row }: JudgedToken) => lastSwitchOf(row.id),
      facts: { now, tokens },
    };
    const asked = await readAsked({ state, providers: [provider] }, context, since);
    return {
      returned: verifyReturns(asked, tokens, now.getTime()),
      lastSwitchOf,
      ledgerBeginsAtMs,
    };
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return { problem: error.message };
  }
}
