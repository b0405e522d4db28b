import type { Snapshot } from '../database/read-snapshot.js';
import { statementFailed } from './statement-failed.js';
import type { Reading } from './reading.js';

/** Reads one thing behind a SAVEPOINT: a statement that fails makes it unknown, and nothing else. */
export async function readIsolated<T>(
  isolated: Snapshot['isolated'],
  read: () => Promise<Reading<T>>,
): Promise<Reading<T>> {
  const result = await isolated(read);
  return result.ok ? result.value : statementFailed(result.error);
}
