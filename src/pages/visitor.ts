import type { AccountMode } from '../notify/mask-account.js';
import type { Tone } from './parts/badges.js';

/** Who looks at a page: it shows and offers more to who has logged in. */
export type Visitor =
  | {
      readonly kind: 'reader';
      /** null: nobody can log in, and no page says that one could. */
      readonly logInHref: string | null;
    }
  | {
      readonly kind: 'admin';
      /** What every form of this session sends back. */
      readonly formToken: string;
      /** What came of the last action, shown once. */
      readonly flash: Flash | null;
    };

export interface Flash {
  readonly tone: Extract<Tone, 'good' | 'bad' | 'plain'>;
  readonly text: string;
}

/** How a visitor sees accounts. */
export function accountMode({ kind }: Visitor): AccountMode {
  return kind === 'admin' ? 'full' : 'masked';
}
