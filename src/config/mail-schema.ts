import { z } from 'zod';
import type { PeopleTable } from './config.js';
import { isSmtpUrl, parseSender } from './mail-address.js';
import { defaultMail, mailPlaceholders, unknownPlaceholders } from './mail-template.js';
import { suggestion } from './problem.js';
import { endpointUrl } from './safe-url.js';
import { name, table } from './schema-parts.js';
import { strictMap } from './strict-map.js';

/** Where people's own addresses are. */
export const peopleTable = strictMap({
  table,
  subject: name,
  email: name,
  name: name.nullable().default(null),
  optional: z.boolean().default(false),
}).transform(({ table, ...rest }): PeopleTable => ({ ...table, ...rest }));

const mailTemplate = z.string().superRefine((text, context) => {
  for (const word of unknownPlaceholders(text)) {
    context.addIssue(`{{${word}}} stands for nothing, ${suggestion(word, mailPlaceholders)}`);
  }
});

/** How people are asked to reconnect. */
export const mailSchema = strictMap({
  from: z
    .string()
    .refine(
      (text) => parseSender(text) !== null,
      'must be an address: write team@example.com, or "Name <team@example.com>"',
    ),
  reconnect_url: endpointUrl,
  subject: mailTemplate
    .refine((text) => !/\p{Cc}/u.test(text), 'must be one line')
    .prefault(defaultMail.subject),
  text: mailTemplate.prefault(defaultMail.text),
  html: mailTemplate.nullable().default(null),
  automatic: z.boolean().default(false),
});

/** What the environment sets. */
export const mailEnvironment = {
  SMTP_URL: z
    .string()
    .refine(
      isSmtpUrl,
      'must be smtp://user:password@host:587 or smtps://user:password@host:465, special characters percent-encoded, with no parameters',
    )
    .optional(),
};
