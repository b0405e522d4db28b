import type { Notice } from '../notify/notice.js';
import type { WatchNotice } from '../watch/checkpoints.js';

/** What a message names as its cause; no silence keeps it back, since somebody asked for it. */
const cause = 'stability_watch';

/**
 * What people are told of a watch, as a notice. All messages of a watch have one id, so that they
 * arrive in order. UNSTABLE is critical; STABLE is a recovery, because only evidence makes it.
 */
export function watchMessage(notice: WatchNotice): Notice {
  const { watchId, providers, startedAtMs, atMs, title, lines } = notice;
  const [provider, ...others] = providers;
  return {
    ...wordsOf(notice),
    incidentId: `watch-${String(watchId)}`,
    provider: others.length === 0 ? (provider ?? null) : null,
    cause,
    title,
    explanation: lines.join('\n'),
    openedAtMs: startedAtMs,
    atMs,
    affected: 0,
    outOf: null,
    previouslyAffected: null,
    accounts: [],
  };
}

function wordsOf({
  watchId,
  verdict,
}: WatchNotice): Pick<Notice, 'kind' | 'severity' | 'nextStep' | 'runbook'> {
  const report = `\`watch report ${String(watchId)}\``;
  switch (verdict) {
    case 'RUNNING':
      return {
        kind: 'update',
        severity: 'info',
        nextStep: `Nothing. \`watch status ${String(watchId)}\` says how it goes.`,
        runbook: 'test-after-a-repair',
      };
    case 'STABLE':
      return {
        kind: 'recovered',
        severity: 'info',
        nextStep: `Everything that was watched held from start to end; ${report} has the evidence.`,
        runbook: 'test-after-a-repair',
      };
    case 'UNSTABLE':
      return {
        kind: 'open',
        severity: 'critical',
        nextStep: `The fix does not hold: ${report} names each violation with its time. After the repair start a new watch.`,
        runbook: 'oauthstabilitywatchunstable',
      };
    case 'INCONCLUSIVE':
      return {
        kind: 'update',
        severity: 'warning',
        nextStep: `Nothing is proven, neither way: ${report} says what was missing. Start a new watch once that is mended.`,
        runbook: 'test-after-a-repair',
      };
  }
}
