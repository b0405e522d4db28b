/** What a body says: names and values, still unbelieved. Has no prototype. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a JSON object, or null. Judged by content: servers send JSON as `text/html`. Bytes that
 * are not UTF-8 make it null, since a replacement character in a token would destroy the token.
 */
export function parseJsonObject(body: Buffer): Fields | null {
  try {
    const value: unknown = JSON.parse(decode(body));
    return isObject(value) ? withoutPrototype(value) : null;
  } catch {
    return null;
  }
}

/**
 * Reads `access_token=…&expires_in=…`, which GitHub answers unless asked for JSON, or null. All
 * of the body must be in the alphabet of a form: a page that mentions `error=` is no form.
 */
export function parseForm(body: Buffer): Fields | null {
  const text = body.toString('latin1').trim();
  if (!/^[\w.~%+*-]+=[\w.~%+*:/?@,;=&!$'()-]*$/.test(text)) return null;
  return withoutPrototype(Object.fromEntries(new URLSearchParams(text)));
}

function decode(body: Buffer): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(body);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutPrototype(value: object): Fields {
  return Object.assign(Object.create(null) as Fields, value);
}
