import { describe, expect, it } from 'vitest';
import { describeWith } from '../support/describe-with.js';
import { promtool } from '../support/prometheus.js';
import type { JudgedToken as DueToken } from '../../src/assess/grants.js';
import { noneUnrefreshed } from '../../src/assess/unrefreshed.js';
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

/** A token whose refresh is due. */
function dueToken(tokenId: string): DueToken {
  return {
    tokenId,
    dueAtMs: expiresAtMs,
    isDue: true,
    expiresAtMs,
    refreshedAtMs: null,
    failedLastTime: false,
  };
}

/** A provider that shows some tokens, and of which refreshes are due, of others too. */
function withDue(shown: readonly string[], due: readonly DueToken[]) {
  return providerOf({
    tokens: tokensOf({ mostUrgent: shown.map((id) => ({ id, active: true, expiresAtMs })) }),
    grants: {
      grants: { live: 0, at_risk: 0, dead: 0, disabled: 0, unknown: 0 },
      falselyDeactivated: 0,
      overdue: 0,
      due,
      tokens: [],
      active: [],
      unrefreshed: noneUnrefreshed,
    },
  });
}

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

  it('let other work run where many tokens have none', async () => {
    const ids = Array.from({ length: 20_000 }, (_, index) => `t${index}`);
    let looked = 0;
    let mostAtOnce = 0;
    const count = () => {
      mostAtOnce = Math.max(mostAtOnce, looked);
      looked = 0;
      turn = setImmediate(count);
    };
    let turn = setImmediate(count);
    const due = ids.map((tokenId) => ({
      ...dueToken(tokenId),
      get tokenId() {
        looked += 1;
        return tokenId;
      },
    }));
    await renderTokenSeries(new Map([['fathom', withDue(['t0'], due)]]));
    clearImmediate(turn);
    expect(mostAtOnce).toBeLessThanOrEqual(1_000);
  });

  it('say when a refresh is due of the tokens that are shown, once', async () => {
    const { providers } = assessmentOf({
      fathom: withDue(['a', 'b'], ['b', 'hidden', 'b'].map(dueToken)),
    });
    const text = (await renderTokenSeries(providers)).map(({ plain }) => plain.toString()).join('');
    expect(samples(text, 'oauth_token_refresh_due_')).toEqual([
      'oauth_token_refresh_due_timestamp_seconds{provider="fathom",token_id="b"} 1764460800',
    ]);
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
