import { isDuration, toMs } from './duration.js';
import { formatPath, quote, suggestion, type ConfigProblem } from './problem.js';
import { isMap, type RawMap } from './raw-map.js';
import { defaultThresholds } from './thresholds.js';

/** What the rules between keys must know besides the mapping itself. */
export interface MappingContext {
  /** Where the mapping stands: `['providers', 'fathom']`. */
  readonly path: readonly PropertyKey[];
  /** What the user's own file says, without the preset. */
  readonly own: RawMap;
  readonly pollInterval: unknown;
}

/** What is wrong between keys: `problems` forbid the configuration, `warnings` do not. */
export interface Consistency {
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

/**
 * Applies the rules that no key can break alone. It reads the mapping as written and passes over
 * what is malformed, so that a typing error in one key never hides a contradiction between others.
 */
export function checkConsistency(mapping: RawMap, context: MappingContext): Consistency {
  const findings = [
    ...checkJoins(mapping),
    ...checkRefreshToken(mapping),
    ...checkSyncs(mapping),
    ...checkLifetime(mapping, context),
  ];
  const select = (isWarning: boolean) =>
    findings
      .filter(({ warning = false }) => warning === isWarning)
      .map(({ path, message }) => ({ path: formatPath([...context.path, ...path]), message }));
  return { problems: select(false), warnings: select(true) };
}

interface Finding {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly warning?: boolean;
}

function* checkJoins(mapping: RawMap): Generator<Finding> {
  const joins = mapping['joins'] ?? {};
  if (!isMap(joins)) return;
  const unused = new Set(Object.keys(joins));
  for (const { path, column } of columnsOf(mapping)) {
    const [join = '', ...rest] = column.split('.');
    if (rest.length === 0) continue;
    unused.delete(join);
    if (!Object.hasOwn(joins, join)) {
      const message = `no join is named ${quote(join)}, ${suggestion(join, Object.keys(joins))}`;
      yield { path, message };
    }
  }
  for (const join of unused) {
    yield { path: ['joins', join], message: 'is never used: no column comes from it' };
  }
}

/** Every place where the mapping may name a column of a join. */
function* columnsOf(mapping: RawMap): Generator<{ path: PropertyKey[]; column: string }> {
  for (const [key, column] of Object.entries(mapAt(mapping, 'columns'))) {
    if (typeof column === 'string') yield { path: ['columns', key], column };
  }
  const evidence = mapAt(mapping, 'syncs')['last_success'];
  if (!Array.isArray(evidence)) return;
  for (const [index, item] of evidence.entries()) {
    const column = isMap(item) ? item['column'] : null;
    if (typeof column === 'string')
      yield { path: ['syncs', 'last_success', index, 'column'], column };
  }
}

function* checkRefreshToken(mapping: RawMap): Generator<Finding> {
  const columns = mapAt(mapping, 'columns');
  if (columns['refresh_token'] == null || columns['has_refresh_token'] == null) return;
  yield {
    path: ['columns', 'has_refresh_token'],
    message: 'stands in for refresh_token: map one of them and set the other to null',
  };
}

function* checkSyncs(mapping: RawMap): Generator<Finding> {
  const syncs = mapAt(mapping, 'syncs');
  const stuck = syncs['stuck_after'] ?? defaultThresholds.stuck_after;
  const overdue = syncs['overdue_after'] ?? defaultThresholds.overdue_after;
  if (!isDuration(stuck) || !isDuration(overdue) || toMs(stuck) <= toMs(overdue)) return;
  yield {
    path: ['syncs', 'stuck_after'],
    message: `${stuck} is longer than overdue_after (${overdue})`,
  };
}

function* checkLifetime(
  mapping: RawMap,
  { own, pollInterval }: MappingContext,
): Generator<Finding> {
  const soon = mapping['expiring_soon'] ?? defaultThresholds.expiring_soon;
  const lifetime = mapping['declared_lifetime'];
  if (!isDuration(lifetime)) return;
  const [ownSoon, ownLifetime] = [own['expiring_soon'] != null, own['declared_lifetime'] != null];
  // Where neither is the user's, there is nothing that they could have written wrong.
  if ((ownSoon || ownLifetime) && isDuration(soon) && toMs(soon) >= toMs(lifetime)) {
    yield {
      path: ['expiring_soon'],
      message:
        `${soon} is not shorter than declared_lifetime (${lifetime}), ` +
        'so every healthy token is EXPIRING SOON at all times',
      // The runbook's week and a provider's day are each right; written side by side, one is wrong.
      warning: !(ownSoon && ownLifetime),
    };
  }
  if (isDuration(pollInterval) && toMs(lifetime) < 4 * toMs(pollInterval)) {
    yield {
      path: ['declared_lifetime'],
      message: `${lifetime} is shorter than four poll intervals (of ${pollInterval})`,
    };
  }
}

function mapAt(mapping: RawMap, key: string): RawMap {
  const value = mapping[key];
  return isMap(value) ? value : {};
}
