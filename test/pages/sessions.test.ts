import { describe, expect, it } from 'vitest';
import {
  createSessions,
  idleSessionMs,
  longestSessionMs,
  mostSessions,
} from '../../src/pages/admin/sessions.js';
import { localPath } from '../../src/pages/admin/visitor-of.js';

function sessionsAt() {
  const clock = { nowMs: 0 };
  const sessions = createSessions(() => clock.nowMs);
  return { clock, sessions };
}

describe('a session', () => {
  it('has an id and a form token of its own, neither to be guessed', () => {
    const { sessions } = sessionsAt();
    const all = Array.from({ length: 50 }, () => sessions.begin());
    const secrets = all.flatMap(({ id, formToken }) => [id, formToken]);
    expect(new Set(secrets).size).toBe(100);
    for (const secret of secrets) expect(secret).toMatch(/^[\w-]{43}$/);
    const [one, other] = all;
    expect(one?.ownsFormToken(one.formToken)).toBe(true);
    expect(one?.ownsFormToken(other?.formToken ?? '')).toBe(false);
    expect(one?.ownsFormToken(one.id)).toBe(false);
    expect(one?.ownsFormToken('')).toBe(false);
  });

  it('ends exactly when nobody used it for half an hour', () => {
    const { clock, sessions } = sessionsAt();
    const { id } = sessions.begin();
    clock.nowMs = idleSessionMs - 1;
    expect(sessions.find(id, 'person')).not.toBeNull();
    clock.nowMs += idleSessionMs;
    expect(sessions.find(id, 'person')).toBeNull();
    clock.nowMs -= 1;
    expect(sessions.find(id, 'person')).toBeNull();
  });

  it('is not kept alive by a page that only updates itself', () => {
    const { clock, sessions } = sessionsAt();
    const { id } = sessions.begin();
    clock.nowMs = idleSessionMs - 1;
    expect(sessions.find(id, 'script')).not.toBeNull();
    clock.nowMs = idleSessionMs;
    expect(sessions.find(id, 'script')).toBeNull();
  });

  it('ends after eight hours, however busy', () => {
    const { clock, sessions } = sessionsAt();
    const { id } = sessions.begin();
    for (; clock.nowMs < longestSessionMs; clock.nowMs += idleSessionMs / 2) {
      expect(sessions.find(id, 'person')).not.toBeNull();
    }
    expect(clock.nowMs).toBe(longestSessionMs);
    expect(sessions.find(id, 'person')).toBeNull();
  });

  it('ends when somebody logs out, and no other with it', () => {
    const { sessions } = sessionsAt();
    const [one, other] = [sessions.begin(), sessions.begin()];
    sessions.end(one.id);
    expect(sessions.find(one.id, 'person')).toBeNull();
    expect(sessions.find(other.id, 'person')).toBe(other);
  });

  it('hears what came of an action once', () => {
    const { sessions } = sessionsAt();
    const { id } = sessions.begin();
    const flash = { tone: 'good', text: 'Refreshed.' } as const;
    expect(sessions.hear(id)).toBeNull();
    sessions.tell(id, flash);
    expect(sessions.hear(id)).toEqual(flash);
    expect(sessions.hear(id)).toBeNull();
    sessions.tell('nobody', flash);
    expect(sessions.hear('nobody')).toBeNull();
  });

  it('gives way when there are too many: the first one', () => {
    const { sessions } = sessionsAt();
    const first = sessions.begin();
    const second = sessions.begin();
    for (let more = 2; more < mostSessions; more += 1) sessions.begin();
    expect(sessions.find(first.id, 'person')).not.toBeNull();
    sessions.begin();
    expect(sessions.find(first.id, 'person')).toBeNull();
    expect(sessions.find(second.id, 'person')).not.toBeNull();
  });
});

describe('where a log-in leads', () => {
  it.each([
    '/',
    '/tokens?provider=fathom&status=expired',
    '/token?provider=fathom&id=a%2Fb',
    '/watch',
  ])('is a page of this host: %s', (path) => {
    expect(localPath(path)).toBe(path);
  });

  it.each([
    '',
    'https://evil.example/tokens',
    '//evil.example/tokens',
    String.raw`/\evil.example/tokens`,
    '/.//evil.example',
    'javascript:alert(1)',
    '/login',
    '/token/refresh',
    `/tokens?q=${'x'.repeat(2_000)}`,
  ])('is else the overview: %s', (text) => {
    expect(localPath(text)).toBe('/');
  });
});
