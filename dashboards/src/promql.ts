/**
 * After so many poll intervals without a success the data counts as stale: here, in the alert
 * OAuthTokenExporterPollStale and in `/-/ready`.
 */
export const staleAfterPolls = 3;

type Matchers = Readonly<Record<string, string>>;

function select(name: string, scope: readonly string[], matchers: Matchers): string {
  const exact = Object.entries(matchers).map(([label, value]) => `${label}="${value}"`);
  return `${name}{${[...scope, ...exact].join(', ')}}`;
}

/** A metric that describes one replica, within the dashboard's variables. */
export function ofExporter(name: string, matchers: Matchers = {}): string {
  return select(name, ['job=~"$job"', 'instance=~"$instance"'], matchers);
}

/** A metric with one series per token, within the dashboard's variables. */
export function ofToken(name: string): string {
  return select(
    name,
    ['job=~"$job"', 'instance=~"$instance"', 'provider=~"$provider"', 'token_id=~"$token"'],
    {},
  );
}

/** A metric that describes a provider's tokens, within the dashboard's variables. */
export function ofProvider(name: string, matchers: Matchers = {}): string {
  return select(name, ['job=~"$job"', 'instance=~"$instance"', 'provider=~"$provider"'], matchers);
}

/**
 * One series where every replica exports the same gauge. Replicas see the same database; adding
 * them up would count every token once per replica.
 */
export function acrossReplicas(selector: string): string {
  return `max without (instance) (${selector})`;
}

/** The same, summed over whatever labels are not named in `labels`. */
export function sumBy(labels: string, selector: string): string {
  return `sum by (${labels}) (${acrossReplicas(selector)})`;
}

/** What replicas did themselves adds up: how much a counter grew, by `labels`. */
export function growth(labels: string, counter: string): string {
  return `sum by (${labels}) (increase(${ofExporter(counter)}[$__rate_interval]))`;
}

/** The same for what replicas did to the tokens of a provider; `rate` is per second. */
export function providerGrowth(by: 'increase' | 'rate', labels: string, counter: string): string {
  return `sum by (${labels}) (${by}(${ofProvider(counter)}[$__rate_interval]))`;
}

/** A count that reads 0, not "no data", where nothing matches. */
export function countOf(selection: string): string {
  return `count(${selection}) or vector(0)`;
}

/** Seconds, per replica, since the last successful poll; since the start where none ever succeeded. */
export function pollAge(): string {
  const since = (name: string): string => `timestamp(${ofExporter(name)}) - ${ofExporter(name)}`;
  return [
    since('oauth_token_exporter_poll_last_success_timestamp_seconds'),
    since('process_start_time_seconds'),
  ].join(' or ');
}
