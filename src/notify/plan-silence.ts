import { isDuration, toMs } from '../config/duration.js';
import { suggestion } from '../config/problem.js';
import { causes } from './causes/causes.js';

/** A silence as a person asks for it, on the command line or on the status page. */
export interface SilenceRequest {
  /** null: every provider. */
  readonly provider: string | null;
  /** null: every cause. Dashes are as good as underscores. */
  readonly cause: string | null;
  /** How long, as the configuration writes it: `2h`. */
  readonly for: string;
  readonly reason: string;
}

export interface SilenceProblem {
  /** The part of the request that `text` goes on about. */
  readonly about: 'scope' | 'for' | 'reason';
  readonly text: string;
}

export type PlannedSilence =
  | {
      readonly ok: true;
      readonly silence: Pick<SilenceRequest, 'provider' | 'cause' | 'reason'> & {
        readonly forMs: number;
      };
    }
  | { readonly ok: false; readonly problem: SilenceProblem };

/** A silence is for a repair that is under way. What is meant for good is no silence. */
const longestMs = 30 * 86_400_000;

/** Reads what nobody is to be told for a while, or says what is wrong with that. */
export function planSilence(
  { provider, cause: wanted, for: length, reason }: SilenceRequest,
  providers: readonly string[],
): PlannedSilence {
  const no = (about: SilenceProblem['about'], text: string) =>
    ({ ok: false, problem: { about, text } }) as const;
  const cause = wanted?.replaceAll('-', '_') ?? null;
  if (provider === null && cause === null) {
    return no('scope', 'say what to silence: a provider, a cause, or both');
  }
  if (provider !== null && !providers.includes(provider)) {
    const text = `no provider "${provider}" is configured: ${suggestion(provider, providers)}`;
    return no('scope', text);
  }
  const names = causes.map(({ name }) => name);
  if (cause !== null && !names.includes(cause)) {
    return no('scope', `there is no cause "${cause}", ${suggestion(cause, names)}`);
  }
  if (!isDuration(length) || toMs(length) > longestMs) {
    return no('for', 'write how long, such as 30m, 2h or 1d; 30d at most');
  }
  if (reason.trim() === '') return no('reason', 'others will read it');
  return { ok: true, silence: { provider, cause, reason, forMs: toMs(length) } };
}

/** `grants_dead of fathom`, `anything of fathom`, `grants_dead`. */
export function describeScope({
  provider,
  cause,
}: Pick<SilenceRequest, 'provider' | 'cause'>): string {
  return `${cause ?? 'anything'}${provider === null ? '' : ` of ${provider}`}`;
}
