import { refuseRefresh } from '../../remedy/refuse-refresh.js';
import { adminPaths } from '../links.js';
import type { ListedToken } from '../listed-token.js';
import type { PageView } from '../page-view.js';
import { Section } from '../parts/section.js';
import { ActionForm } from './action-form.js';

/** Refreshes one token because a person wants it, or says why that can't be done. */
export function RefreshForm({
  view: { facts, visitor },
  token,
}: {
  readonly view: PageView;
  readonly token: ListedToken;
}) {
  if (visitor.kind !== 'admin') return null;
  const refusal = refuseRefresh(facts.config.providers, {
    ...token,
    hasRefreshToken: token.assessed?.hasRefreshToken ?? null,
  });
  return (
    <Section id="refresh" title="Refresh it now">
      {refusal === null ? (
        <ActionForm
          action={adminPaths.refresh}
          formToken={visitor.formToken}
          hidden={{ provider: token.provider, id: token.tokenId }}
        >
          <p>
            {token.grant === 'dead'
              ? 'Its grant is dead: the provider is asked once more, and will most likely refuse again.'
              : 'Due or not. This waits for the outcome.'}
          </p>
          <button type="submit">Refresh</button>
        </ActionForm>
      ) : (
        <p>It can’t be refreshed: {refusal}.</p>
      )}
    </Section>
  );
}
