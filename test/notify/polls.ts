import type { Assessment } from '../../src/assess/assess.js';
import type { ProviderAssessment } from '../../src/assess/assess-provider.js';
import { nothingKnown } from '../../src/assess/assess.js';
import { assessGrants } from '../../src/assess/grants.js';
import { nothingRemembered } from '../../src/assess/memories.js';
import type { Memories, SilentJournal } from '../../src/assess/memories.js';
import type { ProviderPause } from '../../src/assess/provider-pause.js';
import type { Demand } from '../../src/assess/demand.js';
import type { Config, ProviderConfig } from '../../src/config/config.js';
import type { TokenMemory } from '../../src/store/token-memory.js';
import { firstSight } from '../../src/store/token-memory.js';
import { loadYaml } from '../config/load-from.js';
import { databaseAway, providerOf, sourceOf } from '../publish/assessments.js';

/** A Saturday. */
export const start = Date.UTC(2025, 10, 29, 12);

export const fathomRefreshed = { FATHOM_CLIENT_ID: 'client', FATHOM_CLIENT_SECRET: 'secret' };

/** The configuration of a file; without one, the preset `fathom`. */
export function configOf(
  yaml = 'log_level: info',
  env: NodeJS.ProcessEnv = fathomRefreshed,
): Config {
  const loaded = loadYaml(yaml, env);
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join('; '));
  return loaded.config;
}

/** A token's row and what is remembered of it; times are relative to the poll's. */
export interface TokenSpec extends Partial<TokenMemory> {
  readonly id: string;
  readonly expiresInMs?: number | null;
  readonly active?: boolean;
  readonly hasRefreshToken?: boolean | null;
  readonly account?: string | null;
  /** The row is gone. */
  readonly isGone?: boolean;
}

export interface PollSpec {
  readonly atMs: number;
  readonly tokens?: readonly TokenSpec[];
  readonly provider?: Partial<ProviderAssessment>;
  readonly pauses?: readonly ProviderPause[];
  readonly demand?: Demand | null;
  readonly silentJournals?: readonly SilentJournal[];
  /** The table of the tokens could not be read. */
  readonly isSourceDown?: boolean;
  readonly isFurtherSourceDown?: boolean;
}

export interface Poll {
  readonly assessment: Assessment;
  readonly memories: Memories;
}

/** A poll that reached the database, judged by the real rules. */
export function pollOf(provider: ProviderConfig, spec: PollSpec): Poll {
  const { atMs, tokens = [], pauses = [], demand = null, silentJournals = [] } = spec;
  const memory = new Map(tokens.map((token) => [token.id, memoryOf(token, atMs)]));
  const rows = tokens
    .filter(({ isGone }) => isGone !== true)
    .map((token) => ({
      id: token.id,
      subject: `user of ${token.id}`,
      account: token.account ?? null,
      active: token.active ?? true,
      expiresAtMs: expiryOf(token, atMs),
      hasRefreshToken: token.hasRefreshToken === undefined ? true : token.hasRefreshToken,
      currentFingerprint: null,
      syncAuthFailedAtMs: null,
    }));
  const grants = assessGrants(provider, rows, memory, new Date(atMs), 30_000);
  const unseen = spec.isSourceDown === true;
  return {
    assessment: {
      ...nothingKnown,
      observedAt: new Date(atMs),
      providers: new Map([
        [provider.name, providerOf({ grants, pauses, demand, ...spec.provider })],
      ]),
      sources: new Map(
        [
          sourceOf(`${provider.name}:tokens`, unseen ? { up: false, reason: 'it is gone' } : {}),
          sourceOf(
            `${provider.name}:cron_job_logs`,
            spec.isFurtherSourceDown === true ? { up: false, reason: 'denied' } : {},
          ),
        ].map((source) => [source.name, source]),
      ),
      complete: !unseen,
      silentJournals,
    },
    memories: {
      problem: null,
      providers: unseen ? new Map() : new Map([[provider.name, { tokens: memory, pauses }]]),
      silentJournals,
      cron: null,
    },
  };
}

/** The same knowledge after a poll that did not reach the database. */
export function failedPoll({ assessment }: Poll): Poll {
  return {
    assessment: { ...assessment, databaseFailure: databaseAway, complete: false },
    memories: nothingRemembered,
  };
}

/** Tokens with these ids, all alike. */
export function tokensOf(
  ids: readonly string[],
  facts: Omit<TokenSpec, 'id'> | ((id: string) => Omit<TokenSpec, 'id'>) = {},
): TokenSpec[] {
  return ids.map((id) => ({ ...(typeof facts === 'function' ? facts(id) : facts), id }));
}

export function ids(count: number, prefix = 'token'): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

const hour = 3_600_000;

function expiryOf({ expiresInMs = 20 * hour }: TokenSpec, atMs: number): number | null {
  return expiresInMs === null ? null : atMs + expiresInMs;
}

function memoryOf(token: TokenSpec, atMs: number): TokenMemory {
  const row = { id: token.id, active: token.active ?? true, expiresAtMs: expiryOf(token, atMs) };
  const seen = firstSight(row, start - 240 * hour);
  return {
    ...seen,
    ...token,
    expiresInMs: null,
    active: seen.active,
    expiresAtMs: seen.expiresAtMs,
  };
}
