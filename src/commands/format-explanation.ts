import { formatDistance } from '../config/format-distance.js';
import type { Explanation } from '../remedy/explain-token.js';
import { printable } from './printable.js';

/** An explanation as people read it: a line per fact, facts that say nothing left out. */
export function formatExplanation(explanation: Explanation): string {
  const { claim, last_failure: failure, ledger } = explanation;
  const facts: [string, string | null][] = [
    ['user', explanation.user_id],
    ['account', explanation.account],
    ['access token', describeAccessToken(explanation)],
    ['grant', explanation.grant.replaceAll('_', ' ')],
    ['lifetime', describeLifetime(explanation)],
    ['refreshed by', explanation.refreshed_by],
    ['refresh', explanation.why],
    ['last refresh', instant(explanation.last_refresh_at)],
    [
      'last failure',
      failure === null
        ? null
        : `${instant(failure.at) ?? ''}, ${failure.reason ?? 'no reason'}; ${String(explanation.failures_in_a_row)} in a row now`,
    ],
    ['not before', instant(explanation.not_before)],
    ['suspected', instant(explanation.suspected_at)],
    ['dead since', instant(explanation.dead_since)],
    [
      'claim',
      claim === null
        ? null
        : `journal ${claim.journal} on ${claim.host ?? 'an unknown host'} since ${instant(claim.claimed_at) ?? ''}, last seen ${instant(claim.journal_last_seen) ?? 'never'}`,
    ],
    ['pause', explanation.pause],
    ['next step', explanation.next_step],
  ];
  const lines = facts.flatMap(([name, value]) =>
    value === null ? [] : [`  ${`${name}:`.padEnd(14)} ${printable(value)}`],
  );
  const happened = ledger.map(({ at, event, reason, detail, actor }) =>
    printable(
      [`    ${instant(at) ?? ''}`, event, reason, detail, `by ${actor}`]
        .filter((part) => part !== null)
        .join('  '),
    ),
  );
  return `${[
    printable(`${explanation.provider} ${explanation.token_id}`),
    ...lines,
    ...(happened.length === 0 ? [] : ['  what happened, the newest first:', ...happened]),
  ].join('\n')}\n`;
}

function describeAccessToken({
  token_status: status,
  token_expires_at: expiresAt,
  is_active: active,
}: Explanation): string {
  const expiry = expiresAt === null ? 'no expiry' : `expires ${instant(expiresAt) ?? ''}`;
  return `${status}, ${expiry}${active || status === 'GONE' ? '' : ', inactive'}`;
}

function describeLifetime({ lifetime_seconds: seconds, lifetime_from: from }: Explanation): string {
  return seconds === null ? from : `${formatDistance(seconds * 1000)} (${from})`;
}

/** `2025-11-27 08:12:05Z`; what is no ISO instant stays as it is. */
function instant(iso: string | null): string | null {
  return iso?.replace(/^(\S+)T(\S+)\.\d+Z$/, '$1 $2Z') ?? null;
}
