import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureReasons } from '../../src/refresh/failure-reason.js';
import { parseTokenResponse, type RawAnswer } from '../../src/refresh/token-response.js';

const aliases = { bad_refresh_token: 'invalid_grant', please_wait: 'rate_limited' };

function answer(
  status: number,
  body: unknown,
  headers: RawAnswer['headers'] = { 'content-type': 'application/json' },
): RawAnswer {
  const bytes = Buffer.isBuffer(body)
    ? body
    : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return { status, headers, body: bytes };
}

const parse = (raw: RawAnswer, secrets: string[] = []) => parseTokenResponse(raw, aliases, secrets);

describe('a success', () => {
  it('gives both tokens and the lifetime', () => {
    const body = { access_token: 'at', refresh_token: 'rt', expires_in: 86_400, token_type: 'b' };
    expect(parse(answer(200, body))).toEqual({
      kind: 'tokens',
      accessToken: 'at',
      refreshToken: 'rt',
      expiresInSeconds: 86_400,
    });
  });

  it.each([
    ['none', {}],
    ['an empty one', { refresh_token: '' }],
    ['null', { refresh_token: null }],
    ['something that is no text', { refresh_token: false }],
  ])('with %s as refresh token leaves the used one in place', (_, fields) => {
    expect(parse(answer(200, { access_token: 'at', ...fields }))).toMatchObject({
      kind: 'tokens',
      refreshToken: null,
    });
  });

  it.each([
    ['a number', 3600, 3600],
    ['a string', '3600', 3600],
    ['a string with blanks', ' 3600 ', 3600],
    ['a fraction, rounded down', 3599.9, 3599],
    ['one second', 1, 1],
    ['the longest lifetime', 10_000_000_000, 10_000_000_000],
    ['nothing', undefined, null],
    ['null', null, null],
    ['zero, which some servers send for "never"', 0, null],
    ['less than a second', 0.5, null],
    ['a negative number', -1, null],
    ['a negative string', '-3600', null],
    ['more than any lifetime', 1e20, null],
    ['one second more than the longest lifetime', 10_000_000_001, null],
    ['an empty string', '', null],
    ['words', 'an hour', null],
    ['hexadecimal', '0x10', null],
    ['NaN as text', 'NaN', null],
    ['a list', [3600], null],
  ])('reads a lifetime that is %s', (_, given, expected) => {
    const body = { access_token: 'at', expires_in: given };
    expect(parse(answer(200, body))).toMatchObject({ expiresInSeconds: expected });
  });

  it('is read from a form, which GitHub answers unless asked for JSON', () => {
    const body = 'access_token=a%2Bt&expires_in=28800&refresh_token=rt&scope=&token_type=bearer';
    const type = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
    expect(parse(answer(200, body, type))).toEqual({
      kind: 'tokens',
      accessToken: 'a+t',
      refreshToken: 'rt',
      expiresInSeconds: 28_800,
    });
  });

  it('is judged by content: JSON as text/html, with a byte order mark', () => {
    const body = `\u{feff}{"access_token":"at"}`;
    expect(parse(answer(201, body, { 'content-type': 'text/html' }))).toMatchObject({
      kind: 'tokens',
    });
  });

  it('keeps tokens that came although an error stands beside them: they may be the only ones', () => {
    const body = { access_token: 'at', refresh_token: 'rt', error: 'partial_scope' };
    expect(parse(answer(200, body))).toMatchObject({ kind: 'tokens', refreshToken: 'rt' });
  });
});

describe('a failure', () => {
  it.each([
    ['invalid_grant', 400],
    ['invalid_client', 401],
    ['unauthorized_client', 400],
    ['unsupported_grant_type', 400],
    ['invalid_scope', 400],
    ['invalid_request', 400],
    ['invalid_grant', 499],
  ])('with the code %s and status %i is permanent', (error, status) => {
    expect(parse(answer(status, { error }))).toMatchObject({ reason: error, permanent: true });
  });

  it.each([
    ['a listed code with status 500', 500, { error: 'invalid_grant' }, 'server_error'],
    ['a listed code with status 503', 503, { error: 'invalid_client' }, 'server_error'],
    ['a listed code with status 429', 429, { error: 'invalid_grant' }, 'rate_limited'],
    ['an unlisted code', 400, { error: 'interaction_required' }, 'other_error'],
    ['a code named like a property', 400, { error: 'constructor' }, 'other_error'],
    ['temporarily_unavailable', 400, { error: 'temporarily_unavailable' }, 'server_error'],
    ['slow_down', 400, { error: 'slow_down' }, 'rate_limited'],
    ['an alias for a passing reason', 400, { error: 'please_wait' }, 'rate_limited'],
    ['an error that is an object', 400, { error: { code: 400 } }, 'other_error'],
    ['a 400 in HTML', 400, '<html>invalid_grant</html>', 'unparseable_response'],
    ['a page that mentions a code', 400, '<p>see ?error=invalid_grant</p>', 'unparseable_response'],
    ['a 401 without a body', 401, '', 'unparseable_response'],
    ['a 200 in HTML', 200, '<!doctype html>', 'unparseable_response'],
    ['a 200 without a body', 200, '', 'unparseable_response'],
    ['a 200 with other JSON', 200, { ok: true }, 'unparseable_response'],
    ['a 200 with a list', 200, [], 'unparseable_response'],
    ['a 200 that was cut short', 200, '{"access_token":"at","ref', 'unparseable_response'],
    ['an empty access token', 200, { access_token: '' }, 'unparseable_response'],
    ['an access token that is no text', 200, { access_token: {} }, 'unparseable_response'],
    ['a token with a NUL', 200, { access_token: 'a\0t' }, 'unparseable_response'],
    ['half a surrogate pair', 200, '{"access_token":"a\\ud800"}', 'unparseable_response'],
    ['bytes that are not UTF-8', 200, Buffer.from([0x7b, 0xff, 0x7d]), 'unparseable_response'],
    ['a redirect', 302, '', 'unparseable_response'],
    ['tokens with status 400', 400, { access_token: 'at' }, 'unparseable_response'],
    ['a gateway in HTML', 502, '<html>', 'server_error'],
  ])('passes: %s', (_, status, body, reason) => {
    expect(parse(answer(status, body))).toMatchObject({
      kind: 'failure',
      reason,
      permanent: false,
    });
  });

  it('may come with status 200, in JSON or as a form, under a code of the provider', () => {
    const expected = { kind: 'failure', reason: 'invalid_grant', permanent: true };
    expect(parse(answer(200, { error: 'bad_refresh_token' }))).toMatchObject(expected);
    expect(parse(answer(200, 'error=bad_refresh_token&error_description=The+token'))).toMatchObject(
      { ...expected, detail: 'HTTP 200: bad_refresh_token: The token' },
    );
  });

  it('is not made of an error that is null or empty', () => {
    expect(parse(answer(200, { access_token: 'at', error: null }))).toMatchObject({
      kind: 'tokens',
    });
    expect(parse(answer(400, { error: '' }))).toMatchObject({ reason: 'unparseable_response' });
  });
});

describe('Retry-After', () => {
  const date = 'Tue, 25 Nov 2025 10:00:00 GMT';

  it.each([
    ['seconds', { 'retry-after': '30' }, 30_000],
    ['no seconds', { 'retry-after': '0' }, 0],
    ['a date', { 'retry-after': 'Tue, 25 Nov 2025 10:00:45 GMT', date }, 45_000],
    ['a date that has passed', { 'retry-after': 'Tue, 25 Nov 2025 09:00:00 GMT', date }, 0],
    ['exactly the longest pause', { 'retry-after': '3600' }, 3_600_000],
    ['more than the longest pause', { 'retry-after': '999999999999' }, 3_600_000],
    ['a date when the server does not say its own', { 'retry-after': date }, null],
    ['a negative number', { 'retry-after': '-5' }, null],
    ['words', { 'retry-after': 'soon' }, null],
    ['nothing', {}, null],
  ])('is read as %s', (_, headers, retryAfterMs) => {
    expect(parse(answer(429, '', headers))).toMatchObject({ reason: 'rate_limited', retryAfterMs });
    expect(parse(answer(503, '', headers))).toMatchObject({ reason: 'server_error', retryAfterMs });
  });
});

describe('the detail', () => {
  const detailOf = (raw: RawAnswer, secrets: string[] = []) => {
    const parsed = parse(raw, secrets);
    return parsed.kind === 'failure' ? parsed.detail : '';
  };

  it('names status, code and description', () => {
    const body = { error: 'invalid_grant', error_description: 'Token has been revoked.' };
    expect(detailOf(answer(400, body))).toBe('HTTP 400: invalid_grant: Token has been revoked.');
  });

  it('never repeats a secret that the server echoes, as it is or percent-encoded', () => {
    const secret = 's3cr+t/ä';
    const description = `no ${secret} nor ${encodeURIComponent(secret)}`;
    const body = { error: 'invalid_grant', error_description: description };
    expect(detailOf(answer(400, body), [secret])).toBe(
      'HTTP 400: invalid_grant: no [secret] nor [secret]',
    );
  });

  it('never repeats what looks like a token, nor a mail address', () => {
    const description = `a${'1b'.repeat(20)} of jane@example.com`;
    const body = { error: 'invalid_grant', error_description: description };
    expect(detailOf(answer(400, body))).toBe('HTTP 400: invalid_grant: [secret] of [address]');
  });

  it('shows control characters as escapes and is cut', () => {
    const body = { error: 'x', error_description: `\u001b]0;\u202e${'long '.repeat(100)}` };
    const detail = detailOf(answer(400, body));
    expect(detail).toMatch(/^HTTP 400: x: \\u\{1b\}\]0;\\u\{202e\}long /);
    expect(detail).toHaveLength(200);
    expect(detail).toMatch(/…$/);
  });

  it('says what came instead of an answer without quoting it', () => {
    expect(detailOf(answer(400, '<html>hello</html>'))).toBe(
      'HTTP 400: a page instead of an answer',
    );
    expect(detailOf(answer(200, 'hello there', { 'content-type': 'text/plain' }))).toBe(
      'HTTP 200: 11 bytes of text/plain, neither JSON nor a form',
    );
    expect(detailOf(answer(401, ''))).toBe('HTTP 401: an empty body');
  });

  it('leaves out what is too long to be looked through, never half of a secret', () => {
    const endless = { error: 'invalid_grant', error_description: 'a'.repeat(1_000_000) };
    expect(detailOf(answer(400, endless))).toBe('HTTP 400: invalid_grant: …');
    const secret = `${'secret-'.repeat(500)}end`;
    const echoes = { error: 'invalid_grant', error_description: `${secret} and ${secret}` };
    expect(detailOf(answer(400, echoes), [secret])).toBe('HTTP 400: invalid_grant: [secret] and …');
  });
});

describe('for any answer', () => {
  const word = fc.string({ unit: fc.constantFrom(...'abcXYZ019_-.~+/='.split('')), minLength: 8 });
  const errors = fc.oneof(fc.constantFrom(...failureReasons, 'bad_refresh_token'), word);
  const object = fc.record(
    {
      access_token: fc.oneof(word, fc.jsonValue()),
      refresh_token: fc.oneof(word, fc.jsonValue()),
      expires_in: fc.oneof(fc.double(), fc.string(), fc.jsonValue()),
      error: fc.oneof(errors, fc.jsonValue()),
      error_description: fc.string({ unit: 'binary' }),
    },
    { requiredKeys: [] },
  );
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    object.map((value) => Buffer.from(JSON.stringify(value))),
    errors.map((error) => Buffer.from(new URLSearchParams({ error }).toString())),
  );
  const answers: fc.Arbitrary<RawAnswer> = fc.record({
    status: fc.integer({ min: 100, max: 599 }),
    headers: fc.record(
      { 'content-type': fc.string(), 'retry-after': fc.string(), date: fc.string() },
      { requiredKeys: [] },
    ),
    body: bodies,
  });

  it('the parser never throws and stays within its types', () => {
    fc.assert(
      fc.property(answers, (raw) => {
        const parsed = parse(raw);
        if (parsed.kind === 'failure') {
          expect(failureReasons).toContain(parsed.reason);
          expect(parsed.detail).not.toMatch(/[\p{Cc}\p{Cf}]/u);
          expect(parsed.retryAfterMs ?? 0).toBeGreaterThanOrEqual(0);
        } else {
          expect(parsed.accessToken).not.toBe('');
          expect(parsed.refreshToken).not.toBe('');
          expect(parsed.expiresInSeconds ?? 1).toBeGreaterThanOrEqual(1);
          expect(Number.isSafeInteger(parsed.expiresInSeconds ?? 1)).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('a status of 500 and more is never permanent, nor a success', () => {
    fc.assert(
      fc.property(answers, fc.integer({ min: 500, max: 599 }), (raw, status) => {
        expect(parse({ ...raw, status })).toMatchObject({ kind: 'failure', permanent: false });
      }),
      { numRuns: 1_000 },
    );
  });

  it('a body that can not be parsed is never permanent', () => {
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 499 }), fc.string(), (status, text) => {
        const parsed = parse(answer(status, `<${text}`));
        expect(parsed).toMatchObject({ kind: 'failure', permanent: false });
      }),
    );
  });

  it('the detail never holds a secret that was sent or received', () => {
    const status = fc.constantFrom(200, 302, 400, 401, 429, 500);
    fc.assert(
      fc.property(
        status,
        word,
        word,
        fc.string(),
        fc.nat(2),
        (status, sent, received, words, n) => {
          const body = {
            error: ['invalid_grant', sent, received][n],
            error_description: `${words}${sent}${received}${words}${sent}`,
            refresh_token: received,
          };
          const parsed = parse(answer(status, body), [sent]);
          const detail = parsed.kind === 'failure' ? parsed.detail : '';
          const ours = 'HTTP 400: invalid_grant: [secret] [address]';
          fc.pre(!ours.includes(sent) && !ours.includes(received));
          expect(detail).not.toContain(sent);
          expect(detail).not.toContain(received);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
