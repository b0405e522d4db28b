import { describe, expect, it } from 'vitest';
import { defaultMail } from '../../src/config/mail-template.js';
import { loadYaml } from './load-from.js';

const problems = (yaml: string, env: NodeJS.ProcessEnv = {}) => {
  const loaded = loadYaml(yaml, env);
  return loaded.ok ? [] : loaded.problems.map(({ path, message }) => `${path}: ${message}`);
};

const mail = (more: string) =>
  `mail: { from: a@example.com, reconnect_url: 'https://x.example.com', ${more} }`;

describe('mail', () => {
  it('asks for a sender and a URL, and has words of its own', () => {
    const loaded = loadYaml(mail(''));
    expect(loaded).toMatchObject({
      ok: true,
      config: {
        mail: {
          ...defaultMail,
          from: 'a@example.com',
          reconnectUrl: 'https://x.example.com',
          html: null,
          automatic: false,
        },
      },
    });
    expect(problems('mail: {}')).toEqual([
      'mail.from: is required',
      'mail.reconnect_url: is required',
    ]);
  });

  it.each([
    [
      'a sender that is two',
      'mail: { from: "a@b, c@d", reconnect_url: "https://x.example.com" }',
      'mail.from: must be an address: write team@example.com, or "Name <team@example.com>"',
    ],
    [
      'a URL that is not safe',
      'mail: { from: a@b, reconnect_url: "http://x.example.com" }',
      'mail.reconnect_url: must be an https URL (http is for loopback addresses only)',
    ],
    [
      'a placeholder that stands for nothing',
      mail("text: 'Hi {{nmae}}'"),
      'mail.text: {{nmae}} stands for nothing, did you mean "name"?',
    ],
    ['a subject of two lines', mail('subject: "a\\nBcc: x"'), 'mail.subject: must be one line'],
  ])('refuses %s', (_, yaml, problem) => {
    expect(problems(yaml)).toEqual([problem]);
  });

  it('shows nothing of a mail server that it refuses', () => {
    const [problem = ''] = problems(mail(''), { SMTP_URL: 'smtp://u:hunter2@x?pool=true' });
    expect(problem).toMatch(/^SMTP_URL: must be smtp:\/\/user:password@host:587/);
    expect(problem).not.toContain('hunter2');
  });
});

describe('people', () => {
  it('of the preset are in profiles, which may be absent, and can be unset', () => {
    expect(loadYaml('providers: { fathom: { preset: fathom } }')).toMatchObject({
      config: {
        providers: [
          { people: { schema: 'public', table: 'profiles', subject: 'id', optional: true } },
        ],
      },
    });
    expect(loadYaml('providers: { fathom: { preset: fathom, people: null } }')).toMatchObject({
      config: { providers: [{ people: null }] },
    });
  });
});
