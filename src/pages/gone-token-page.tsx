import { paths } from './links.js';
import type { GoneToken } from './page-facts.js';
import { Data } from './parts/data.js';
import { History } from './parts/history.js';
import { ExactInstant } from './parts/instant.js';
import { Section } from './parts/section.js';

/** A token whose row is gone: what is still remembered of it. */
export function GoneTokenPage({
  provider,
  tokenId,
  gone,
  nowMs,
}: {
  readonly provider: string;
  readonly tokenId: string;
  readonly gone: GoneToken;
  readonly nowMs: number;
}) {
  return (
    <>
      <p class="path">
        <a href={paths.tokens}>Tokens</a> / <Data text={provider} />
      </p>
      <h1>
        <Data text={tokenId} />
      </h1>
      <p>
        Its row is gone since <ExactInstant ms={gone.goneAtMs} nowMs={nowMs} />. Its user
        disconnected, or connected anew and has another one.
      </p>
      <Section id="history" title="What happened">
        <History ledger={gone.ledger} nowMs={nowMs} />
      </Section>
    </>
  );
}
