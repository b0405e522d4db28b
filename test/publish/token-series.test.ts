import { describe, expect, it } from 'vitest';
import { describeWith } from '../support/describe-with.js';
import { promtool } from '../support/prometheus.js';
import { renderTokenSeries } from '../../src/publish/token-series.js';
import { assessmentOf, at, incident, providerOf, tokensOf } from './assessments.js';
import { exposeText, samples } from './expose.js';

const expiresAtMs = at('2025-11-30T00:00:00Z');

const withIds = (ids: readonly string[], provider = 'fathom') =>
  assessmentOf({
    [provider]: providerOf({
      tokens: tokensOf({
        total: ids.length,
        mostUrgent: ids.map((id) => ({ id, active: true, expiresAtMs })),
      }),
    }),
  });

const render = async (...args: Parameters<typeof withIds>) =>
  (await renderTokenSeries(withIds(...args).providers))
    .map(({ plain }) => plain.toString())
    .join('');

/** Reads label values back as the text format defines their escapes. */
function readTokenIds(exposition: string): string[] {
  const escapes: Record<string, string> = { '\\\\': '\\', '\\"': '"', '\\n': '\n' };
  return [...exposition.matchAll(/token_id="((?:\\.|[^"\\])*)"\} [\d.]+$/gm)].map(([, value]) =>
    value!.replaceAll(/\\./g, (escape) => escapes[escape]!),
  );
}

const hostileIds = [
  '"',
  '\\',
  '\n',
  '\\n',
  'ends with \\',
  '"} 1\nforged_metric{x="',
  '',
  ' ',
  '\r\t\u{1b}[31m',
  '\u{202e}\u{2028}\u{feff}',
  'Zażółć 🔑 संयोजन',
  '# HELP x',
  'x'.repeat(10_240),
];

describe('the series of single tokens', () => {
  it('survive any token id', async () => {
    const exposition = await render(hostileIds);
    expect(readTokenIds(exposition)).toEqual(hostileIds);
    expect(samples(exposition)).toHaveLength(hostileIds.length);
    expect(exposition).not.toMatch(/^forged_metric/m);
  });

  it('survive any provider name', async () => {
    const exposition = await render(['1'], 'a"b\\c\nd');
    expect(samples(exposition)).toEqual([
      'oauth_token_expiration_timestamp_seconds{provider="a\\"b\\\\c\\nd",token_id="1"} 1764460800',
    ]);
  });

  it('name a token once, however often its id occurs', async () => {
    const many = Array.from({ length: 4_100 }, (_, index) => `t${index % 2_050}`);
    expect(samples(await render(many))).toHaveLength(2_050);
  });

  it('are complete across slices, in the order given', async () => {
    const ids = Array.from({ length: 5_001 }, (_, index) => `t${index}`);
    expect(readTokenIds(await render(ids))).toEqual(ids);
  });

  it('let other work run between slices', async () => {
    const ids = Array.from({ length: 20_000 }, (_, index) => `t${index}`);
    let turns = 0;
    const count = () => {
      turns += 1;
      turn = setImmediate(count);
    };
    let turn = setImmediate(count);
    await render(ids);
    clearImmediate(turn);
    expect(turns).toBeGreaterThanOrEqual(9);
  });

  it('leave out what is no instant: no expiry, infinity', async () => {
    expect(samples(await exposeText(incident), 'oauth_token_expiration_')).toEqual([
      'oauth_token_expiration_timestamp_seconds{provider="fathom",token_id="a1"} 1764230400',
      'oauth_token_expiration_timestamp_seconds{provider="fathom",token_id="a2"} 1764374399.999',
      'oauth_token_expiration_timestamp_seconds{provider="fathom",token_id="a3"} 1764446400',
      'oauth_token_expiration_timestamp_seconds{provider="fathom",token_id="i1"} 1760356800.123',
    ]);
  });

  it('vanish with the row at the next poll', async () => {
    const exposition = await exposeText(withIds(['kept', 'deleted']), withIds(['kept']));
    expect(readTokenIds(exposition)).toEqual(['kept']);
  });

  it('are left out by a limit of 0, and counted', async () => {
    const unlimited = tokensOf({ total: 3, mostUrgent: [] });
    const exposition = await exposeText(
      assessmentOf({ fathom: providerOf({ tokens: unlimited }) }),
    );
    expect(samples(exposition, 'oauth_token_expiration_')).toEqual([]);
    expect(samples(exposition, 'oauth_token_series_omitted')).toEqual([
      'oauth_token_series_omitted{provider="fathom"} 3',
    ]);
  });
});

describeWith('prometheus', 'promtool', () => {
  it('reads hostile token ids', async () => {
    const exposition = await render(hostileIds);
    expect(await promtool(['check', 'metrics'], exposition)).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });
});
