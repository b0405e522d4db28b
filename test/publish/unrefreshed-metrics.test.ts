import { describe, expect, it } from 'vitest';
import { assessGrants } from '../../src/assess/grants.js';
import type { TokenMemory } from '../../src/store/token-memory.js';
import { createMetrics } from '../../src/publish/metrics.js';
import {
  afterFailure,
  assessmentOf,
  facts,
  failedPoll,
  goodPoll,
  observedAt,
  providerOf,
} from './assessments.js';
import { expose } from './expose.js';

const now = observedAt.getTime();
const day = 86_400_000;

const row = {
  id: 'a1',
  subject: 'ada',
  account: null,
  active: true,
  expiresAtMs: now + day,
  hasRefreshToken: true,
  currentFingerprint: null,
  syncAuthFailedAtMs: null,
};

/** Watched for ten days, and never seen to move. */
const memory: TokenMemory = {
  tokenId: 'a1',
  firstSeenAtMs: now - 10 * day,
  goneAtMs: null,
  active: true,
  expiresAtMs: row.expiresAtMs,
  expiryMovedAtMs: null,
  observedLifetimesMs: [],
  refreshedAtMs: null,
  expiresInMs: null,
  failures: 0,
  failureReason: null,
  failedAtMs: null,
  notBeforeMs: null,
  fingerprint: null,
  suspectedAtMs: null,
  deadSinceMs: null,
  claimedBy: null,
  claimedAtMs: null,
};

const provider = { name: 'fathom', declaredLifetimeMs: null, refresh: null, syncs: null };
const grants = assessGrants(
  provider,
  [row],
  new Map([['a1', memory]]),
  observedAt,
  facts.pollIntervalMs,
);
const known = assessmentOf({ fathom: providerOf({ grants }) });

async function samples(...polls: Parameters<typeof expose>): Promise<string[]> {
  const { text } = await expose(...polls);
  return text.identity.toString().match(/^oauth_tokens_\w*unrefreshed.*$/gm) ?? [];
}

describe('the metrics of tokens that nobody refreshes', () => {
  const counted = [
    'oauth_tokens_expiring_unrefreshed{provider="fathom"} 1',
    'oauth_tokens_unrefreshed_cohort{provider="fathom"} 1',
  ];

  it('count them', async () => {
    expect(await samples([[known, goodPoll]])).toEqual(counted);
  });

  it('count none where refreshing is the exporter’s job', async () => {
    const metrics = createMetrics(facts);
    metrics.refresh.declareProvider('fathom');
    expect(await samples([[known, goodPoll]], metrics)).toEqual(
      counted.map((line) => line.replace(/1$/, '0')),
    );
  });

  it('are absent where nothing is remembered, and keep their value when a poll fails', async () => {
    const unknown = assessmentOf({ fathom: providerOf() });
    expect(await samples([[unknown, goodPoll]])).toEqual([]);
    const polls: Parameters<typeof expose>[0] = [
      [known, goodPoll],
      [afterFailure(known), failedPoll],
    ];
    expect(await samples(polls)).toEqual(counted);
  });
});
