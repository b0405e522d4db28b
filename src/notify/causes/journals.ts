import { unseen, whole } from './cause.js';
import type { ExporterCause } from './cause.js';

/** Each replica has a journal of its own, so each has an incident of its own. */
export const journalUnusable: ExporterCause = {
  name: 'journal_unusable',
  severity: 'warning',
  opensAtOnce: false,
  scope: 'replica',
  runbook: 'oauthtokenexporterjournalunusable',
  title: () => 'Journal of refreshes unusable',
  explanation:
    'This replica refreshes nothing at a token endpoint: without its journal a crash could lose a token. It goes on observing, and other replicas go on refreshing.',
  nextStep:
    'Make the journal usable as said above. Never delete it: it may hold the only valid token of a user.',
  proof: 'The journal can be used.',
  find({ journalTried, journalProblem }) {
    if (!journalTried) return unseen;
    return whole(
      journalProblem !== null,
      'journal',
      journalProblem && `It says: ${journalProblem}.`,
    );
  },
};

/** A replica that is gone keeps its claims: only its journal knows whether an answer arrived. */
export const journalSilent: ExporterCause = {
  name: 'journal_silent',
  severity: 'warning',
  opensAtOnce: false,
  scope: 'exporter',
  runbook: 'journals-that-nobody-runs',
  title: (affected) => `Journals run by nobody: ${affected}`,
  explanation:
    'These journals hold tokens claimed, and nothing was heard of their exporters for a long time. Nobody else refreshes these tokens meanwhile: an answer for them may be in there.',
  nextStep:
    'Start that exporter again with its volume. Only when the volume is lost for good: `oauth-token-exporter journal abandon <id>`.',
  proof: 'What they held has been stored, or given up by a person.',
  find({ assessment, memories, nowMs }, previous) {
    if (memories.problem !== null || memories.providers.size === 0) return unseen;
    const silent = new Map(assessment.silentJournals.map((each) => [each.journalId, each]));
    const toldBefore = [...(previous?.told?.ids ?? [])].filter((id) => !silent.has(id));
    // Who has just started has not waited for anybody yet: an old claim is evidence enough.
    const still =
      toldBefore.length === 0 ? null : heldSince(memories, previous?.firstSeenAtMs ?? nowMs);
    const told = toldBefore.filter((id) => still?.has(id));
    const hosts = [...silent.values()].map(
      ({ host, claims }) => `${host ?? 'unknown host'}: ${claims} claimed`,
    );
    return {
      seen: true,
      affected: [...silent.keys(), ...told].map((id) => ({
        id,
        subject: silent.get(id)?.host ?? id,
        account: null,
      })),
      outOf: null,
      detail: hosts.length === 0 ? null : `${hosts.slice(0, 5).join('; ')}.`,
      whereabouts: () => 'repaired',
    };
  },
};

/** The journals that hold a claim which is older than `sinceMs`. */
function heldSince(
  { providers }: Parameters<ExporterCause['find']>[0]['memories'],
  sinceMs: number,
): ReadonlySet<string> {
  const journals = new Set<string>();
  for (const { tokens } of providers.values()) {
    for (const { claimedBy, claimedAtMs } of tokens.values()) {
      if (claimedBy !== null && (claimedAtMs ?? 0) < sinceMs) journals.add(claimedBy);
    }
  }
  return journals;
}
