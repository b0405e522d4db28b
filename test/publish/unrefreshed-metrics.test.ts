import { describe, expect, it } from 'vitest';
import type { AssessedProvider } from '../../src/assess/assessed-token.js';
import { assessGrants } from '../../src/assess/grants.js';
import { createMetrics } from '../../src/publish/metrics.js';
import { tokenMemoryOf } from '../assess/token-memory-of.js';
import {
  afterFailure,
  assessmentOf,
  facts,
  failedPoll,
  goodPoll,
  observedAt,
  providerOf,
} from './assessments.js';
import { refreshing } from './assessed-tokens.js';
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
const memory = tokenMemoryOf({
  tokenId: 'a1',
  firstSeenAtMs: now - 10 * day,
  expiresAtMs: row.expiresAtMs,
});

const provider: AssessedProvider = {
  name: 'fathom',
  declaredLifetimeMs: null,
  expiringSoonMs: 7 * day,
  refresh: null,
  syncs: null,
};

/** What a poll knows of tokens like `row` that expire then. */
function knownOf(expiresInMs: readonly number[], refresh = provider.refresh) {
  const rows = expiresInMs.map((ms, index) => ({
    ...row,
    id: `a${index}`,
    expiresAtMs: now + ms,
  }));
  const memories = new Map(rows.map(({ id }) => [id, { ...memory, tokenId: id }]));
  const judged = { ...provider, refresh };
  const grants = assessGrants(judged, rows, memories, observedAt, facts.pollIntervalMs);
  return assessmentOf({ fathom: providerOf({ grants }) });
}

const known = knownOf([day]);

async function samples(...polls: Parameters<typeof expose>): Promise<string[]> {
  const { text } = await expose(...polls);
  return text.identity.toString().match(/^oauth_tokens_\w*(?:unrefreshed|cliff).*$/gm) ?? [];
}

describe('the metrics of tokens that nobody refreshes', () => {
  const countedAs = (expiring: number, cohort: number, cliff = 5) => [
    `oauth_tokens_expiring_unrefreshed{provider="fathom"} ${expiring}`,
    `oauth_tokens_unrefreshed_cohort{provider="fathom"} ${cohort}`,
    `oauth_tokens_expiry_cliff_threshold{provider="fathom"} ${cliff}`,
  ];
  const counted = countedAs(1, 1);

  it('count them', async () => {
    expect(await samples([[known, goodPoll]])).toEqual(counted);
  });

  it('count none where refreshing is the exporter’s job', async () => {
    expect(await samples([[knownOf([day], refreshing), goodPoll]])).toEqual(countedAs(0, 0));
  });

  it('count as expiring what is due and has not expired, and as a cohort what is to come', async () => {
    const some = knownOf([-1, 0, 7 * day - 1, 7 * day, 8 * day]);
    expect(await samples([[some, goodPoll]])).toEqual(countedAs(2, 3));
  });

  it.each([
    [0.5, 10],
    [0.3, 6],
    [0.2, 5],
  ])(
    'call %d of 20 active tokens, and five at least, a cliff: from %d on',
    async (share, cliff) => {
      const metrics = createMetrics({ ...facts, cliffShare: share });
      const all = knownOf(Array.from({ length: 20 }, () => 8 * day));
      expect(await samples([[all, goodPoll]], metrics)).toEqual(countedAs(0, 20, cliff));
    },
  );

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
