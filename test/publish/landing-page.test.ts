import { describe, expect, it } from 'vitest';
import { nothingKnown } from '../../src/assess/assess.js';
import { formatLandingPage, type LandingPageFacts } from '../../src/publish/landing-page.js';
import { afterFailure, assessmentOf, incident, providerOf, sourceOf } from './assessments.js';

const page = (facts: Partial<LandingPageFacts> = {}) =>
  formatLandingPage({
    version: '1.2.3',
    demo: false,
    assessment: incident,
    readiness: { ready: true },
    ...facts,
  });

/** What a person reads: the text without tags, entities read back. */
function textOf(html: string): string {
  return html
    .replace(/<style>[^]*<\/style>/, '')
    .replaceAll(/<\/?time[^>]*>/g, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

describe('the landing page', () => {
  it('is a whole document in one language, fit for a phone', () => {
    const html = page();
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(html).toContain('<meta charset="utf-8">');
    expect(html).toContain('name="viewport"');
    expect(html.match(/<h1>/g)).toHaveLength(1);
    expect(html).toMatch(/<title>[^<]+<\/title>/);
  });

  it('closes every element it opens, in order', () => {
    const open: string[] = [];
    for (const [, slash, name] of page().matchAll(/<(\/?)([a-z]\w*)[^>]*>/g)) {
      if (name === 'meta') continue;
      if (slash === '') open.push(name!);
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
  });

  it('links to everything there is, and to nothing elsewhere', () => {
    const links = [...page().matchAll(/href="([^"]*)"/g)].map(([, href]) => href);
    expect(links).toEqual(['/metrics', '/-/healthy', '/-/ready']);
    expect(page()).not.toMatch(/https?:|src=|<script/);
  });

  it('shows counts by provider, and what it knows of no provider as unknown', () => {
    const assessment = assessmentOf({
      ...Object.fromEntries(incident.providers),
      slack: providerOf({ tokens: null }),
    });
    const text = textOf(page({ assessment }));
    expect(text).toContain('Provider VALID EXPIRING SOON EXPIRED UNKNOWN');
    expect(text).toContain('fathom active 1 1 2 1');
    expect(text).toContain('fathom inactive 0 1 1 0');
    expect(text).toContain('slack unknown');
    expect(text).toContain('As of 2025-11-29 08:00:00 UTC, by the clock of the database.');
  });

  it('says what can not be seen, why, and what would help', () => {
    const text = textOf(page());
    expect(text).toContain('google:tokens denied the role monitor may not read expires_at');
    expect(text).toContain('GRANT SELECT (expires_at) ON public.google_integrations TO monitor;');
  });

  it('asks nobody to create what may be absent', () => {
    const text = textOf(page());
    expect(text).toContain(
      'fathom:cron_job_logs absent table public.cron_job_logs does not exist fathom:fathom_sync_state',
    );
  });

  it('shows that nothing is known yet, and later why', () => {
    const before = { ready: false, reason: 'no poll has succeeded yet' } as const;
    const first = textOf(page({ assessment: nothingKnown, readiness: before }));
    expect(first).toContain('Not ready: no poll has succeeded yet');
    expect(first).toContain('The database has not been reached yet.');
    expect(first).toContain('Tokens Nothing is known yet. Sources Nothing is known yet.');

    const failed = afterFailure(assessmentOf({}, [sourceOf('fathom:tokens')]));
    const second = textOf(page({ assessment: { ...failed, observedAt: null }, readiness: before }));
    expect(second).toContain('Tokens Nothing is known yet.');
    expect(second).toContain('fathom:tokens unreachable nothing listens at db.example.com:5432');
  });

  it('marks invented data', () => {
    expect(textOf(page({ demo: true }))).toContain('1.2.3 · demo, invented data');
    expect(textOf(page())).not.toContain('demo');
  });

  it('shows hostile data as text', () => {
    const hostile = `<script>alert(1)</script>"'&amp; onload=x`;
    const html = page({
      version: hostile,
      assessment: assessmentOf({ [hostile]: providerOf() }, [
        sourceOf(hostile, { up: false, reason: hostile, remedy: hostile, notes: [hostile] }),
      ]),
      readiness: { ready: false, reason: hostile },
    });
    expect(html).not.toContain('<script');
    expect(textOf(html).split(hostile)).toHaveLength(9);
  });
});
