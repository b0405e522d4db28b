import type { LedgerLine } from '../../store/ledger.js';
import { visibleText } from '../visible-text.js';
import { Data } from './data.js';
import { ExactInstant } from './instant.js';

/** What happened to a token, the newest first. */
export function History({
  ledger,
  nowMs,
}: {
  readonly ledger: readonly LedgerLine[];
  readonly nowMs: number | null;
}) {
  if (ledger.length === 0) return <p>Nothing is recorded of this token.</p>;
  return (
    <ol class="history">
      {ledger.map(({ at, event, reason, detail, actor }, index) => (
        <li key={index}>
          <ExactInstant ms={at.getTime()} nowMs={nowMs} />
          <b>{visibleText(event.replaceAll('_', ' '), 60)}</b>
          <span>
            {[reason, detail]
              .filter((part) => part !== null)
              .map((part) => visibleText(part, 300))
              .join(': ')}
          </span>
          <small>
            by <Data text={actor} />
          </small>
        </li>
      ))}
    </ol>
  );
}
