import { describe, expect, it } from 'vitest';
import { assessSources, sourcesUnreachable, wasSeen } from '../../src/assess/sources.js';
import type { SourceAssessment } from '../../src/assess/sources.js';
import { known, sourceStates, unknown } from '../../src/observe/reading.js';
import type { Unknown } from '../../src/observe/reading.js';

const required = { name: 'app:tokens', optional: false };
const optional = { name: 'app:log', optional: true };

const unreadable = sourceStates.filter(
  (state): state is Unknown['state'] => state !== 'ok' && state !== 'absent',
);

/** How a source stood: up, down, or neither. */
const stood = (name: string, up: boolean | null): SourceAssessment => ({
  name,
  state: up === true ? 'ok' : up === false ? 'failed' : 'absent',
  up,
  reason: null,
  remedy: null,
  notes: [],
});
const before = (...sources: readonly SourceAssessment[]) =>
  new Map(sources.map((source) => [source.name, source]));

function assessOne(
  configured: typeof required,
  reading: ReturnType<typeof known> | Unknown,
  previous = before(),
) {
  const observed = [{ ...configured, reading }];
  return assessSources([configured], observed, previous)[0];
}

describe('a source that could be read', () => {
  it.each([required, optional])('is up, with its notes: $name', (configured) => {
    expect(assessOne(configured, known(7, ['a column is gone']))).toEqual({
      name: configured.name,
      state: 'ok',
      up: true,
      reason: null,
      remedy: null,
      notes: ['a column is gone'],
    });
  });
});

describe('a source that could not be read', () => {
  it.each(unreadable)('and must be there is down: %s', (state) => {
    expect(assessOne(required, unknown(state, 'why', 'what to do'))).toEqual({
      name: 'app:tokens',
      state,
      up: false,
      reason: 'why',
      remedy: 'what to do',
      notes: [],
    });
  });

  it.each(unreadable)(
    'is neither up nor down while it was optional and never seen: %s',
    (state) => {
      expect(assessOne(optional, unknown(state, 'why', 'what to do'))).toMatchObject({
        state: state === 'missing' ? 'absent' : state,
        up: null,
        reason: 'why',
      });
    },
  );

  it.each(unreadable)('is down once it was seen, optional or not: %s', (state) => {
    const seen = before(stood('app:log', true));
    expect(assessOne(optional, unknown(state, 'why', 'do'), seen)).toMatchObject({
      state,
      up: false,
    });
  });

  it('stays down on the second poll, and is up again when it is back', () => {
    const gone = unknown('missing', 'why', 'do');
    const down = assessOne(optional, gone, before(stood('app:log', true)));
    const stillDown = assessOne(optional, gone, before(down!));
    expect(stillDown).toMatchObject({ state: 'missing', up: false });
    expect(assessOne(optional, known(7), before(stillDown!))).toMatchObject({ up: true });
  });
});

describe('a source that the poll did not reach', () => {
  it('keeps what was last known of it', () => {
    const was = stood('app:log', true);
    expect(assessSources([optional], [], before(was))).toEqual([was]);
  });

  it('is not spoken of while nothing is known of it', () => {
    expect(assessSources([optional, required], [], before())).toEqual([]);
  });
});

it('a source that is not configured is not spoken of', () => {
  const observed = [{ ...optional, reading: known(7) }];
  expect(assessSources([required], observed, before())).toEqual([]);
});

describe('when the database can not be used', () => {
  const failure = { message: 'nothing listens', remedy: 'start it' };

  it.each([
    ['one that must be there', required, before(), false],
    ['one that must be there and was up', required, before(stood('app:tokens', true)), false],
    ['an optional one that was seen', optional, before(stood('app:log', true)), false],
    ['an optional one that was seen and is down', optional, before(stood('app:log', false)), false],
  ])('%s is down for that reason', (_, configured, previous, up) => {
    expect(sourcesUnreachable([configured], previous, failure)).toEqual([
      {
        name: configured.name,
        state: 'unreachable',
        up,
        reason: 'nothing listens',
        remedy: 'start it',
        notes: [],
      },
    ]);
  });

  it('an optional one that was never seen stays absent, or unspoken of', () => {
    const absent = stood('app:log', null);
    expect(sourcesUnreachable([optional], before(absent), failure)).toEqual([absent]);
    expect(sourcesUnreachable([optional], before(), failure)).toEqual([]);
  });
});

it.each([
  [undefined, false],
  [stood('a', null), false],
  [stood('a', true), true],
  [stood('a', false), true],
])('%j was seen: %s', (source, seen) => {
  expect(wasSeen(source)).toBe(seen);
});
