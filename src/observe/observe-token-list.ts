import type { ProviderConfig } from '../config/config.js';
import { readSnapshot } from '../database/read-snapshot.js';
import type { SnapshotSource } from '../database/read-snapshot.js';
import { readCatalog } from './catalog.js';
import { readNow } from './observe.js';
import { hiddenRows } from './readable-table.js';
import { known } from './reading.js';
import type { Reading } from './reading.js';
import { statementFailed } from './statement-failed.js';
import { readTokenList } from './token-list.js';
import type { ListedToken } from './token-list.js';
import { resolveTokenSource, tablesOf } from './token-source.js';

export interface TokenListing {
  /** Postgres' now(), cut to milliseconds. */
  readonly now: Date;
  readonly providers: readonly {
    readonly provider: ProviderConfig;
    /** By the clock of its own database. */
    readonly now: Date;
    readonly tokens: Reading<readonly ListedToken[]>;
  }[];
}

/** Reads every token of these providers at one instant. Throws `DatabaseError` as `observe` does. */
export async function observeTokenList(
  database: SnapshotSource,
  providers: readonly ProviderConfig[],
  localClockMs: () => number,
): Promise<TokenListing> {
  return readSnapshot(database, async ({ query, isolated }) => {
    const { now, role } = await readNow(query, localClockMs);
    const tables = providers.flatMap(({ tokens }) => tablesOf(tokens));
    const catalog = await readCatalog(query, role, tables);
    const listed: TokenListing['providers'][number][] = [];
    for (const provider of providers) {
      const source = resolveTokenSource(provider.tokens, catalog);
      if (!source.known) {
        listed.push({ provider, now, tokens: source });
        continue;
      }
      const read = await isolated(() => readTokenList(query, source.value));
      const hidden = read.ok && read.value.length === 0 && source.value.mayHideRows;
      listed.push({
        provider,
        now,
        tokens: !read.ok
          ? statementFailed(read.error)
          : hidden
            ? hiddenRows(provider.tokens, role)
            : known(read.value, source.notes),
      });
    }
    return { now, providers: listed };
  });
}
