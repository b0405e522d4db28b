import { z } from 'zod';
import { defaultDatabase } from './config.js';
import { strictMap } from './strict-map.js';

/** A URL holds a password: the file names the variable that holds it. */
const urlVariable = z
  .string()
  .refine(
    (text) => /^\$\{[A-Z][A-Z0-9_]*\}$/.test(text),
    'must name the environment variable that holds the URL, such as ${BILLING_DATABASE_URL}',
  );

const authority = z
  .string()
  .refine(
    (text) => !text.includes('${') || /^\$\{[A-Z][A-Z0-9_]*\}$/.test(text),
    'must be the path of a file, or name one environment variable, such as ${BILLING_DATABASE_CA}',
  );

const databaseName = z
  .string()
  .refine(
    (text) => /^[a-z][a-z0-9_-]{0,30}$/.test(text) && text !== defaultDatabase,
    `the name of a database is lower-case letters, digits, _ and -, a letter first, and not ${defaultDatabase}, which is that of DATABASE_URL`,
  );

/** The key `databases` of the file: further databases that hold tokens. */
export const databasesSchema = z
  .record(databaseName, strictMap({ url: urlVariable, ca: authority.nullable().default(null) }))
  .default({});
