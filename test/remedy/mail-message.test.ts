import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSmtpUrl, parseAddress, parseSender } from '../../src/config/mail-address.js';
import { defaultMail, unknownPlaceholders } from '../../src/config/mail-template.js';
import { composeMail, safeName } from '../../src/remedy/mail-message.js';

const config = {
  from: 'Example team <team@example.com>',
  reconnectUrl: 'https://app.example.com/reconnect',
  ...defaultMail,
  html: null,
  automatic: false,
};
const facts = { address: 'user@example.com', name: null, account: null, providers: ['fathom'] };

describe('an address', () => {
  it.each(['a@b', 'first.last+tag@mail.example.com', 'jürgen@exämple.de', ' trimmed@example.com '])(
    'is %j',
    (text) => {
      expect(parseAddress(text)).toBe(text.trim());
    },
  );
  it.each([
    '',
    'nobody',
    'a@',
    '@b',
    'a@b@c',
    'a b@c',
    'a@b,c@d',
    'a@b;c@d',
    '<a@b>',
    'x <a@b>',
    '"a"@b',
    'a@b\r\nBcc: c@d',
    'a\u0000@b',
    'a\u202e@b',
    'a@-b',
    'a@b.',
    `${'a'.repeat(65)}@b`,
    `a@${'b'.repeat(253)}`,
  ])('is not %j', (text) => {
    expect(parseAddress(text)).toBeNull();
  });
  it('may have 254 characters', () => {
    expect(parseAddress(`a@${'b'.repeat(252)}`)).not.toBeNull();
  });
  it('never holds a control character, a space, a bracket, a comma or a second @', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (noise) => {
        const address = parseAddress(`a${noise}@example.com`);
        expect(address ?? 'a@b').not.toMatch(/[\p{Cc}\s<>,;:"()[\]\\]|@.*@/u);
      }),
    );
  });
});

describe('a sender', () => {
  it.each([
    ['team@example.com', { name: '', address: 'team@example.com' }],
    ['Example team <team@example.com>', { name: 'Example team', address: 'team@example.com' }],
    ['Team\r\nBcc: x <a@b>', null],
    ['a@b, c@d', null],
  ])('in %j', (text, sender) => {
    expect(parseSender(text)).toEqual(sender);
  });
});

describe('SMTP_URL', () => {
  it.each(['smtp://localhost', 'smtps://user:p%40ss@mail.example.com:465', 'smtp://127.0.0.1:25/'])(
    'may be %s',
    (url) => {
      expect(isSmtpUrl(url)).toBe(true);
    },
  );
  it.each(['http://x', 'smtp://', 'smtp://x?tls.rejectUnauthorized=false', 'smtp://u:%zz@x', 'x'])(
    'may not be %s',
    (url) => {
      expect(isSmtpUrl(url)).toBe(false);
    },
  );
});

describe('the mail', () => {
  it.each([
    ['Ravi', 'Ravi'],
    ["  Anne-Marie O'Neil Jr. ", "Anne-Marie O'Neil Jr."],
    ['佐藤', '佐藤'],
    ['evil.example', null],
    ['https://evil.example', null],
    ['<b>', null],
    ['a\r\nb', null],
    ['x'.repeat(61), null],
    ['', null],
  ])('greets %j as %j', (name, greeted) => {
    expect(safeName(name)).toBe(greeted);
  });

  it('has one recipient, one line of subject and no markup of its data, whatever they hold', () => {
    const template = {
      ...config,
      subject: '{{name}} {{account}}',
      html: '<p>{{name}} {{account}}',
    };
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (name, account) => {
        const mail = composeMail(template, { ...facts, name, account });
        expect(mail.envelope.to).toEqual(['user@example.com']);
        expect(mail.subject).not.toMatch(/\p{Cc}/u);
        expect(mail.html.slice(3)).not.toMatch(/[<>"']/);
      }),
    );
  });

  it('puts values in once: a value that looks like a placeholder stays as it is', () => {
    const mail = composeMail(
      { ...config, text: '{{ provider }} {{account}}' },
      {
        ...facts,
        account: '{{name}}@example.com',
        providers: ['fathom', 'google'],
      },
    );
    expect(mail.text).toBe('Fathom and Google {{name}}@example.com');
  });

  it('names the placeholders that stand for nothing', () => {
    expect(unknownPlaceholders('{{name}} {{ Name }} {{}} {x}')).toEqual(['Name', '']);
  });
});
