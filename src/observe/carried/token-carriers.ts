import type { Query } from '../../database/read-snapshot.js';
import type { CountedExpiries } from '../expiry-counts.js';
import type { ExpiryDay } from '../expiry-days.js';
import { tokenRowColumns } from '../token-rows.js';
import type { TokenRow } from '../token-rows.js';
import type { TokenSource } from '../token-source.js';
import type { CarrySource } from './carry-source.js';
import { createCarrier, defaultSliceRows, expiryColumns } from './carry-table.js';
import type { FirstReadTime, SliceRows } from './carry-table.js';
import { defaultPace } from './check-pace.js';
import type { CheckPace } from './check-pace.js';
import { createExpiryCheck } from './expiry-check.js';
import { createExpiryTable } from './expiry-table.js';
import type { CarriedExpiry, CarriedTable, ExpiryTable } from './expiry-table.js';
import { createExpiryTally } from './expiry-tally.js';
import { createRowTable } from './row-table.js';
import type { CarriedRows } from './row-table.js';

/** What is known of a provider's tokens without reading its table in full. */
export interface CarriedTokens {
  readonly counts: CountedExpiries;
  readonly expiryDays: readonly ExpiryDay[];
  /** null where only counts are carried. */
  readonly rows: readonly TokenRow[] | null;
}

export interface CarryOptions {
  readonly now: Date;
  readonly expiringSoonMs: number;
  /** Whole rows, not only what is counted. */
  readonly everyRow: boolean;
}

/** The tokens of large tables, carried from poll to poll. */
export interface TokenCarriers {
  /** Brings a provider's tokens up to date; null until each was read once: read them in full. */
  readonly read: (
    query: Query,
    provider: string,
    source: TokenSource,
    carry: CarrySource,
    options: CarryOptions,
  ) => Promise<CarriedTokens | null>;
}

/** Starts with nothing carried. */
export function createTokenCarriers(
  time: FirstReadTime,
  sliceRows: SliceRows = defaultSliceRows,
  pace: CheckPace = defaultPace,
): TokenCarriers {
  const carriers = new Map<string, ProviderCarrier>();
  return {
    async read(query, provider, source, carry, options) {
      let carrier = carriers.get(provider);
      if (carrier?.everyRow !== options.everyRow) {
        carrier = options.everyRow
          ? carryRows(time, sliceRows)
          : carryExpiries(time, sliceRows, pace);
        carriers.set(provider, carrier);
      }
      return carrier.read(query, source, carry, options);
    },
  };
}

interface ProviderCarrier {
  readonly everyRow: boolean;
  readonly read: (
    query: Query,
    source: TokenSource,
    carry: CarrySource,
    options: CarryOptions,
  ) => Promise<CarriedTokens | null>;
}

function carryRows(time: FirstReadTime, sliceRows: SliceRows): ProviderCarrier {
  const onlyById = () => Promise.resolve(false);
  const carrier = createCarrier<TokenRow, CarriedRows>(createRowTable, time, sliceRows, onlyById);
  return {
    everyRow: true,
    async read(query, source, carry, options) {
      const select = `SELECT ${tokenRowColumns(source)} FROM ${source.from}`;
      const table = await carrier(query, { select, carry, byExpiry: null }, options.now);
      return table && { ...(await tally(table, options)), rows: table.rows() };
    },
  };
}

function carryExpiries(
  time: FirstReadTime,
  sliceRows: SliceRows,
  pace: CheckPace,
): ProviderCarrier {
  const carrier = createCarrier<CarriedExpiry, ExpiryTable>(
    createExpiryTable,
    time,
    sliceRows,
    createExpiryCheck(pace),
  );
  return {
    everyRow: false,
    async read(query, source, carry, options) {
      const select = `SELECT ${expiryColumns(source)} FROM ${source.from}`;
      const byExpiry = source.orderedByExpiry ? source : null;
      const table = await carrier(query, { select, carry, byExpiry }, options.now);
      return table && { ...(await tally(table, options)), rows: null };
    },
  };
}

async function tally(
  table: CarriedTable<never>,
  { now, expiringSoonMs }: CarryOptions,
): Promise<Omit<CarriedTokens, 'rows'>> {
  const counted = createExpiryTally(now, expiringSoonMs);
  await table.visit(counted.add);
  return { counts: counted.counts(), expiryDays: counted.days() };
}
