import { describe, expect, it } from 'vitest';
import { startTrial, trialAdmission, trialsAfter } from '../../src/refresh/configuration-trial.js';
import type { ConfigurationTrial } from '../../src/refresh/configuration-trial.js';
import { admission, afterAttempt, healthyProvider } from '../../src/refresh/provider-health.js';

const minute = 60_000;

const accepted: ConfigurationTrial = {
  configurationFingerprint: 'old',
  accepted: true,
  trial: null,
};

function ended(refreshed: boolean, tokenId = 't', configurationFingerprint = 'new') {
  return { tokenId, configurationFingerprint, refreshed };
}

describe('a configuration under which nothing has succeeded yet', () => {
  it('lets one request leave, until its end is known', () => {
    expect(trialAdmission([], 'new', 0)).toEqual({ kind: 'first' });
    const pending = startTrial([], 'new', 't', 1000);
    expect(trialAdmission(pending, 'new', 1000)).toEqual({
      kind: 'pending',
      untilMs: 1000 + 5 * minute,
    });
    expect(trialAdmission(trialsAfter(pending, ended(true)), 'new', 2000)).toEqual({
      kind: 'accepted',
    });
    expect(trialAdmission(trialsAfter(pending, ended(false)), 'new', 2000)).toEqual({
      kind: 'first',
    });
  });

  it('waits five minutes for a sender that died', () => {
    const pending = startTrial([], 'new', 't', 1000);
    expect(trialAdmission(pending, 'new', 999 + 5 * minute).kind).toBe('pending');
    expect(trialAdmission(pending, 'new', 1000 + 5 * minute)).toEqual({ kind: 'first' });
  });

  it('goes on waiting when another token ends, sent under it before', () => {
    const pending = startTrial([], 'new', 't', 1000);
    expect(trialsAfter(pending, ended(false, 'another'))).toBe(pending);
  });

  it('is no matter of replicas with another configuration', () => {
    const trials = startTrial([accepted], 'new', 't', 1000);
    expect(trialAdmission(trials, 'old', 1000)).toEqual({ kind: 'accepted' });
    expect(trialsAfter(trials, ended(false, 't', 'old'))).toBe(trials);
  });
});

describe('a configuration that was accepted', () => {
  it('stays so, whatever fails afterwards', () => {
    expect(trialsAfter([accepted], ended(false, 't', 'old'))).toEqual([accepted]);
    expect(trialsAfter([accepted], ended(true, 't', 'old'))).toEqual([accepted]);
  });

  it('is forgotten after four others', () => {
    const trials = ['a', 'b', 'c', 'd'].reduce<readonly ConfigurationTrial[]>(
      (before, each) => trialsAfter(before, ended(true, 't', each)),
      [accepted],
    );
    expect(trials.map((each) => each.configurationFingerprint)).toEqual(['a', 'b', 'c', 'd']);
    expect(trialAdmission(trials, 'old', 0)).toEqual({ kind: 'first' });
  });
});

describe('a provider of which nothing is known', () => {
  it('is asked for one token, and for all of them after its first success', () => {
    expect(admission(healthyProvider, 0, 'new')).toEqual({ kind: 'first' });
    const { health } = afterAttempt(healthyProvider, {
      ...ended(true),
      atMs: 1,
      outcome: { kind: 'refreshed' },
      retryAfterMs: null,
    });
    expect(admission(health, 1, 'new')).toEqual({ kind: 'all' });
  });

  it('holds the others back meanwhile', () => {
    const trials = startTrial([], 'new', 't', 1000);
    expect(admission({ ...healthyProvider, trials }, 1000, 'new')).toEqual({
      kind: 'none',
      because: 'configuration',
      untilMs: 1000 + 5 * minute,
    });
  });
});
