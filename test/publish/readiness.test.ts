import { describe, expect, it } from 'vitest';
import { nothingKnown } from '../../src/assess/assess.js';
import { readiness } from '../../src/publish/readiness.js';
import { afterFailure, assessmentOf, incident, sourceOf } from './assessments.js';

const lastSuccessAt = new Date('2025-11-29T08:00:00.000Z');
const intervalMs = 30_000;
const later = (ms: number) => new Date(lastSuccessAt.getTime() + ms);
const good = assessmentOf({}, [sourceOf('fathom:tokens')]);

describe('readiness', () => {
  it('comes with the first success', () => {
    expect(readiness(null, nothingKnown, later(0), intervalMs)).toEqual({
      ready: false,
      reason: 'no poll has succeeded yet',
    });
    expect(readiness(lastSuccessAt, good, later(0), intervalMs)).toEqual({ ready: true });
  });

  it('ends when the last success is three intervals old', () => {
    expect(readiness(lastSuccessAt, good, later(89_999), intervalMs)).toEqual({ ready: true });
    expect(readiness(lastSuccessAt, good, later(90_000), intervalMs)).toEqual({
      ready: false,
      reason: 'the last successful poll was 90 s ago',
    });
  });

  it('outlasts a failure that is over soon', () => {
    const failing = afterFailure(good);
    expect(readiness(lastSuccessAt, failing, later(60_000), intervalMs)).toEqual({ ready: true });
  });

  it('says what is wrong with the database, and what to do', () => {
    const cause =
      ': nothing listens at db.example.com:5432; start the database, or check host and port in DATABASE_URL';
    expect(readiness(null, afterFailure(nothingKnown), later(0), intervalMs)).toEqual({
      ready: false,
      reason: `no poll has succeeded yet${cause}`,
    });
    expect(readiness(lastSuccessAt, afterFailure(good), later(95_400), intervalMs)).toEqual({
      ready: false,
      reason: `the last successful poll was 95 s ago${cause}`,
    });
  });

  it('says which source is down, why, and what to do', () => {
    expect(readiness(null, incident, later(0), intervalMs)).toEqual({
      ready: false,
      reason:
        'no poll has succeeded yet: google:tokens: the role monitor may not read expires_at of ' +
        'public.google_integrations; GRANT SELECT (expires_at) ON public.google_integrations TO monitor;',
    });
  });
});
