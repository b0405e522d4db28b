import type { GrantState } from '../../assess/grant-state.js';
import { tokenStatusWords } from '../../assess/token-status.js';
import type { TokenStatus } from '../../assess/token-status.js';
import type { Severity } from '../../notify/notice.js';
import type { Verdict } from '../../watch/judge.js';

/** How bad something is. Each has a colour, and none is told by its colour alone. */
export type Tone = 'good' | 'warn' | 'bad' | 'quiet' | 'plain';

export const statusTones: Readonly<Record<TokenStatus, Tone>> = {
  valid: 'good',
  expiring_soon: 'plain',
  expired: 'warn',
  unknown: 'quiet',
};

export const grantTones: Readonly<Record<GrantState, Tone>> = {
  live: 'good',
  at_risk: 'warn',
  dead: 'bad',
  disabled: 'quiet',
  unknown: 'quiet',
};

export const grantWords: Readonly<Record<GrantState, string>> = {
  live: 'live',
  at_risk: 'at risk',
  dead: 'dead',
  disabled: 'disabled',
  unknown: 'unknown',
};

/** A word with the colour of its meaning. */
export function Badge({ tone, text }: { readonly tone: Tone; readonly text: string }) {
  return <span class={`badge ${tone}`}>{text}</span>;
}

/** The access token's status in the runbook's words. */
export function StatusBadge({ status }: { readonly status: TokenStatus }) {
  return <Badge tone={statusTones[status]} text={tokenStatusWords[status]} />;
}

/** The state of the grant behind it; null: nothing is remembered. */
export function GrantBadge({ grant }: { readonly grant: GrantState | null }) {
  if (grant === null) return <Badge tone="quiet" text="not remembered" />;
  return <Badge tone={grantTones[grant]} text={grantWords[grant]} />;
}

export const severityTones: Readonly<Record<Severity, Tone>> = {
  critical: 'bad',
  warning: 'warn',
  info: 'plain',
};

export const verdictTones: Readonly<Record<Verdict, Tone>> = {
  RUNNING: 'plain',
  STABLE: 'good',
  UNSTABLE: 'bad',
  INCONCLUSIVE: 'warn',
};
