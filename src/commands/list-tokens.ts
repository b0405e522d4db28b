import type { ProviderConfig } from '../config/config.js';
import type { DatabaseOf } from '../database/databases.js';
import { readEach } from '../database/read-each.js';
import { observeTokenList } from '../observe/observe-token-list.js';
import type { TokenListing } from '../observe/observe-token-list.js';
import { unreachable } from '../observe/unobserved.js';

/**
 * Lists every token of these providers, whichever database it is in. A database that can't be used
 * leaves its providers unread; throws `DatabaseError` where none can.
 */
export async function listTokens(
  databaseOf: DatabaseOf,
  providers: readonly ProviderConfig[],
): Promise<TokenListing> {
  const readings = await readEach(databaseOf, providers, (database, mine) =>
    observeTokenList(database, mine, Date.now),
  );
  const listings = readings.flatMap((each) => (each.ok ? [each.value] : []));
  const now = new Date(Math.max(...listings.map((each) => each.now.getTime())));
  const listed = readings.flatMap((each): TokenListing['providers'] => {
    if (each.ok) return each.value.providers;
    const tokens = unreachable(each.error);
    return each.providers.map((provider) => ({ provider, now, tokens }));
  });
  return {
    now,
    providers: providers.flatMap((wanted) => listed.filter(({ provider }) => provider === wanted)),
  };
}
