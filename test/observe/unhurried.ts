import type { FirstReadTime } from '../../src/observe/carried/carry-table.js';

/** Rows are read for the first time as if that took no time. */
export const unhurried: FirstReadTime = { firstReadMs: Infinity, monotonicMs: () => 0 };
