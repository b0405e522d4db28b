import { describe, expect, it } from 'vitest';
import { runAtOnce } from '../../src/assess/slices.js';
import { findReconnects, mostListed } from '../../src/pages/reconnect-entries.js';
import { assessmentOfRows, configuredProvider, nowMs } from './served-pages.js';

const provider = configuredProvider('app');
const idsOf = (list: readonly { readonly token: { readonly tokenId: string } }[]) =>
  list.map(({ token }) => token.tokenId);

describe('who must reconnect', () => {
  /** As many as three slices, those who wait longest in the middle; every hundredth must. */
  const rows = Array.from({ length: 5_000 }, (_, index) => ({
    id: `t${index}`,
    hasRefreshToken: index % 100 !== 0,
    expiresAtMs: nowMs - 1_000 * (1 + ((index * 7_919) % 5_000)),
  }));
  const assessment = assessmentOfRows(provider, rows);
  const inOrder = (must: boolean) =>
    rows
      .filter(({ hasRefreshToken }) => hasRefreshToken !== must)
      .toSorted((a, b) => a.expiresAtMs - b.expiresAtMs)
      .map(({ id }) => id);
  const sorted = [...inOrder(true), ...inOrder(false)];

  it('is counted in full and listed up to what a page shows, whoever must and waits longest first', () => {
    const { must, total, first } = runAtOnce(findReconnects(assessment, [provider], true));
    expect({ must, total }).toEqual({ must: 50, total: 5_000 });
    expect(idsOf(first)).toEqual(sorted.slice(0, mostListed));
  });

  it('is whole in the file, and twice at the same time', () => {
    const { all } = runAtOnce(findReconnects(assessment, [provider], true));
    const [one, other] = [all(), all()];
    one.next();
    other.next();
    expect(idsOf(runAtOnce(one))).toEqual(sorted);
    expect(idsOf(runAtOnce(other))).toEqual(sorted);
  });

  it('leaves out whom something else may help unless they are asked for', () => {
    const { total, first } = runAtOnce(findReconnects(assessment, [provider], false));
    expect(total).toBe(50);
    expect(idsOf(first)).toEqual(inOrder(true));
  });
});
