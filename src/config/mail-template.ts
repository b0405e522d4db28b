/** What a template of a mail may name: `{{name}}` is what the person is called. */
export const mailPlaceholders = ['name', 'account', 'provider', 'reconnect_url'] as const;
export type MailPlaceholder = (typeof mailPlaceholders)[number];

/** What a mail says unless the configuration says otherwise. */
export const defaultMail = {
  subject: 'Please reconnect your {{provider}} account',
  text: `Hello {{name}},

the connection to your {{provider}} account has ended, and we can't renew it without you.
Until you connect it again, nothing new arrives from there.

Please connect it again here:

{{reconnect_url}}

You get this message once. If you have connected it in the meantime, there is nothing to do.
`,
} as const;

const placeholder = /\{\{\s*([^{}]*?)\s*\}\}/g;

/** The names in double braces that stand for nothing. */
export function unknownPlaceholders(template: string): string[] {
  const known: readonly string[] = mailPlaceholders;
  return [...template.matchAll(placeholder)]
    .map(([, word = '']) => word)
    .filter((word) => !known.includes(word));
}

/** Puts values in place of the names, each through `escape`. What is put in is not read again. */
export function fillTemplate(
  template: string,
  values: Readonly<Record<MailPlaceholder, string>>,
  escape: (value: string) => string,
): string {
  return template.replaceAll(placeholder, (whole, word: string) =>
    Object.hasOwn(values, word) ? escape(values[word as MailPlaceholder]) : whole,
  );
}
