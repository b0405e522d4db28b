/** As many configurations as replicas may run with side by side during a rollout. */
const rememberedTrials = 4;
/** A trial whose sender died is given up after this; answers are listened to for 2 min. */
const trialTimeoutMs = 5 * 60_000;

/**
 * Whether a provider has ever accepted a configuration. Until it has, one request at a time leaves
 * under it: with a wrong client secret every other would be refused alike.
 */
export interface ConfigurationTrial {
  readonly configurationFingerprint: string;
  readonly accepted: boolean;
  /** The one request that is out; null: none is. */
  readonly trial: { readonly tokenId: string; readonly startedAtMs: number } | null;
}

/** What may be sent under a configuration. */
export type TrialAdmission =
  | { readonly kind: 'accepted' }
  /** One token, which finds out. */
  | { readonly kind: 'first' }
  | { readonly kind: 'pending'; readonly untilMs: number };

/** Says what may be sent under a configuration at `nowMs`. */
export function trialAdmission(
  trials: readonly ConfigurationTrial[],
  configurationFingerprint: string,
  nowMs: number,
): TrialAdmission {
  const known = trialOf(trials, configurationFingerprint);
  if (known?.accepted === true) return { kind: 'accepted' };
  const untilMs = known?.trial == null ? nowMs : known.trial.startedAtMs + trialTimeoutMs;
  return nowMs < untilMs ? { kind: 'pending', untilMs } : { kind: 'first' };
}

/** Notes that this token finds out. */
export function startTrial(
  trials: readonly ConfigurationTrial[],
  configurationFingerprint: string,
  tokenId: string,
  nowMs: number,
): readonly ConfigurationTrial[] {
  const trial = { tokenId, startedAtMs: nowMs };
  return replace(trials, { configurationFingerprint, accepted: false, trial });
}

/**
 * Takes an attempt into account. Only new tokens prove a configuration: a server may look at the
 * grant before it looks at the client. Any other end of the trial makes way for the next token.
 */
export function trialsAfter(
  trials: readonly ConfigurationTrial[],
  attempt: {
    readonly tokenId: string;
    readonly configurationFingerprint: string;
    readonly refreshed: boolean;
  },
): readonly ConfigurationTrial[] {
  const { tokenId, configurationFingerprint, refreshed } = attempt;
  const known = trialOf(trials, configurationFingerprint);
  if (refreshed) {
    if (known?.accepted === true) return trials;
    return replace(trials, { configurationFingerprint, accepted: true, trial: null });
  }
  if (known?.trial?.tokenId !== tokenId) return trials;
  return replace(trials, { ...known, trial: null });
}

function trialOf(
  trials: readonly ConfigurationTrial[],
  configurationFingerprint: string,
): ConfigurationTrial | undefined {
  return trials.find((each) => each.configurationFingerprint === configurationFingerprint);
}

/** The newest last; the oldest is forgotten, and found out again should it come back. */
function replace(
  trials: readonly ConfigurationTrial[],
  trial: ConfigurationTrial,
): readonly ConfigurationTrial[] {
  const others = trials.filter(
    (each) => each.configurationFingerprint !== trial.configurationFingerprint,
  );
  return [...others, trial].slice(-rememberedTrials);
}
