import type { Query } from '../database/read-snapshot.js';

/** Has what `read` asks for planned and run with these settings of the server, each `name = value`. */
export async function withSettings<T>(
  query: Query,
  settings: readonly string[],
  read: () => Promise<T>,
): Promise<T> {
  const set = settings.map((setting) => `SET LOCAL ${setting}`);
  await query(['SAVEPOINT settings', ...set].join('; '));
  const value = await read();
  await query('ROLLBACK TO SAVEPOINT settings; RELEASE SAVEPOINT settings');
  return value;
}
