import type { RefreshSubject } from '../assess/refresh-due.js';
import type { ProviderConfig } from '../config/config.js';
import type { TokenRow } from '../observe/token-rows.js';
import type { TokenMemory } from '../store/token-memory.js';

/** A token's row and what is known of its grant: what every remedy decides by. */
export interface JudgedToken {
  readonly provider: ProviderConfig;
  readonly row: TokenRow;
  /** null: nothing is remembered yet. */
  readonly memory: TokenMemory | null;
  readonly subject: RefreshSubject;
}
