import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';

/** What people do not want to hear for a while. */
export interface Silence {
  readonly id: number;
  /** null: every provider. */
  readonly provider: string | null;
  /** null: every cause. */
  readonly cause: string | null;
  readonly reason: string;
  readonly createdBy: string;
  readonly endsAt: Date;
}

/** The silences that hold now, by the memory's clock, the one that ends first before the others. */
export async function readSilences(query: Query): Promise<Silence[]> {
  return query<Silence & Record<string, unknown>>(
    `SELECT id, provider, cause, reason, created_by AS "createdBy", ends_at AS "endsAt"
     FROM ${stateSchema}.silences WHERE ends_at > now() ORDER BY ends_at, id`,
  );
}

/** Begins a silence; tells its id and its end. */
export async function addSilence(
  query: Query,
  silence: Omit<Silence, 'id' | 'endsAt'> & { readonly forMs: number },
): Promise<Pick<Silence, 'id' | 'endsAt'>> {
  const [row] = await query<Pick<Silence, 'id' | 'endsAt'>>(
    `INSERT INTO ${stateSchema}.silences (provider, cause, reason, created_by, ends_at)
     VALUES ($1, $2, $3, $4, now() + $5 * interval '1 millisecond') RETURNING id, ends_at AS "endsAt"`,
    [silence.provider, silence.cause, silence.reason, silence.createdBy, silence.forMs],
  );
  if (row === undefined) throw new TypeError('the silence was not written');
  return row;
}

/** Ends a silence now; null when none with this id holds. */
export async function endSilence(
  query: Query,
  id: number,
  endedBy: string,
): Promise<Silence | null> {
  const [row] = await query<Silence & Record<string, unknown>>(
    `UPDATE ${stateSchema}.silences SET ends_at = now(), ended_by = $2
     WHERE id = $1 AND ends_at > now()
     RETURNING id, provider, cause, reason, created_by AS "createdBy", ends_at AS "endsAt"`,
    [id, endedBy],
  );
  return row ?? null;
}

/** Whether a silence covers what concerns this provider, or none, for this cause. */
export function covers(
  silence: Pick<Silence, 'provider' | 'cause'>,
  incident: { readonly provider: string | null; readonly cause: string },
): boolean {
  const { provider, cause } = silence;
  return (
    (provider === null || provider === incident.provider) &&
    (cause === null || cause === incident.cause)
  );
}
