import { describe, expect, it } from 'vitest';
import { checkNames } from '../../src/watch/checks/check-name.js';
import type { ProviderView } from '../../src/watch/checks/check.js';
import { checks } from '../../src/watch/checks/registry.js';
import { rotationsLost } from '../../src/watch/checks/rotations-lost.js';
import { plain } from '../../src/watch/finding.js';
import { viewPoll } from '../../src/watch/poll-view.js';
import { readDocument, section, tables } from '../docs/markdown.js';
import { createWorld, dayMs, minuteMs, startMs, watchedProviders } from './simulated-world.js';

const cells = (document: string, heading: string) =>
  (tables(section(readDocument(document).text, heading))[0] ?? [])
    .slice(1)
    .map(([first = '']) => first.replaceAll('`', ''));

describe('the registry of checks', () => {
  it('has one check for each name, in the order of the names', () => {
    expect(checks.map(({ name }) => name)).toEqual(checkNames);
  });

  it('is what the documents list', () => {
    expect(cells('docs/watch.md', '## The checks')).toEqual([...checkNames]);
    const told = cells('docs/runbook.md', '## OAuthStabilityWatchUnstable');
    expect([...told, 'sources_lost'].sort()).toEqual([...checkNames].sort());
  });
});

describe('a lost rotation', () => {
  const viewOf = (
    claimedForMs: number | null,
    troubles: ProviderView['troubles'] = [],
  ): ProviderView => {
    const world = createWorld(1, dayMs);
    const token = world.tokens[0]!;
    if (claimedForMs !== null) {
      token.memory = {
        ...token.memory,
        claimedBy: '00000000-0000-4000-8000-000000000001',
        claimedAtMs: startMs - claimedForMs,
      };
    }
    const { assessment, previous } = world.poll(startMs);
    const evidence = { atMs: startMs, troubles, cron: null, failedRuns: [], outbox: null };
    return viewPoll(assessment, previous, watchedProviders, evidence).providers[0]!;
  };
  const found = (view: ProviderView) => {
    if (rotationsLost.scope !== 'provider') throw new Error('it is of a provider');
    const evidence = rotationsLost.look(view, null);
    return evidence.kind === 'observed' ? evidence.findings.map((each) => each.evidence) : null;
  };
  const line = { id: 7, atMs: startMs, provider: 'fathom', tokenId: 'token-0' };

  it('is a claim that is older than 15 minutes, and none that is younger or ended', () => {
    expect(found(viewOf(null))).toEqual([]);
    expect(found(viewOf(15 * minuteMs))).toEqual([]);
    expect(found(viewOf(15 * minuteMs + 1))).toEqual([
      'token token-0: claimed by the journal 00000000-0000-4000-8000-000000000001 for 15 min, without an outcome',
    ]);
  });

  it('is a refresh that could not be stored, or a claim that somebody abandoned', () => {
    expect(found(viewOf(null, [{ ...line, event: 'failed', reason: 'storage' }]))).toEqual([
      'token token-0: a refresh could not be stored, 2026-03-02 08:00:00Z',
    ]);
    expect(found(viewOf(null, [{ ...line, event: 'claim_abandoned', reason: null }]))).toEqual([
      expect.stringContaining('its claim was abandoned'),
    ]);
  });

  it('is not a refresh that failed otherwise', () => {
    expect(found(viewOf(null, [{ ...line, event: 'failed', reason: 'timeout' }]))).toEqual([]);
  });
});

describe('what a poll only remembers', () => {
  it('is not seen: tokens, and syncs, that this poll could not read', () => {
    const world = createWorld(2, dayMs);
    const evidence = { atMs: startMs, troubles: [], cron: null, failedRuns: [], outbox: null };
    const see = () => {
      const { assessment, previous } = world.poll(startMs);
      return viewPoll(assessment, previous, watchedProviders, evidence).providers[0]!;
    };
    expect(see()).toMatchObject({ tokens: { seen: true }, syncs: { seen: true } });
    world.lost = 'syncs';
    expect(see()).toMatchObject({ tokens: { seen: true }, syncs: { seen: false } });
    world.lost = 'tokens';
    expect(see()).toMatchObject({
      tokens: { seen: false, because: expect.stringContaining('the table is gone') as string },
      syncs: { seen: false },
    });
    world.lost = 'nothing';
    expect(see()).toMatchObject({ tokens: { seen: true }, syncs: { seen: true } });
  });
});

describe('text from data', () => {
  it('is one line of at most 200 characters without control characters', () => {
    expect(plain('a\u0000b\n\u202ec\u2028d')).toBe('a b c d');
    expect(plain('x'.repeat(200))).toHaveLength(200);
    expect(plain('x'.repeat(201))).toBe(`${'x'.repeat(199)}…`);
  });
});
