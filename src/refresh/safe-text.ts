const maxLength = 200;

/** No more of a text is looked at: a megabyte of description must not stop everything else. */
const maxInput = 4_096;

/** A run of characters that could be a token or a part of one, if it has a digit. */
const longRun = /[\w.~+/=-]{24,}/g;

/** Bounded, or a long text without a blank would take for ever. */
const mailAddress = /[^\s@]{1,64}@[^\s@]{1,255}/g;

/**
 * Makes text that somebody else wrote fit for a log line: secrets become `[secret]`, mail
 * addresses `[address]`, control characters and marks that turn the writing direction visible
 * escapes; the rest is cut.
 *
 * An authorization server may echo what it was sent (`error_description: "bad token rt-…"`), in
 * part or in full; so whatever looks like a token goes too, known or not.
 */
export function safeText(text: string, secrets: readonly string[]): string {
  const withoutSecrets = redact(shorten(text), secrets)
    .replaceAll(longRun, (run) => (/\d/.test(run) ? '[secret]' : run))
    .replaceAll(mailAddress, '[address]');
  const visible = withoutSecrets.replaceAll(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
  const characters = Array.from(visible);
  return characters.length <= maxLength
    ? visible
    : `${characters.slice(0, maxLength - 1).join('')}…`;
}

/** Cuts between words, so that no half of a secret is left that nothing would recognise. */
function shorten(text: string): string {
  return text.length <= maxInput ? text : `${text.slice(0, maxInput).replace(/\S*$/, '')}…`;
}

/** One pass over all secrets, the longest first, so that one can't split another. */
function redact(text: string, secrets: readonly string[]): string {
  const forms = new Set(secrets.flatMap((secret) => [secret, encodeSafely(secret)]));
  forms.delete('');
  if (forms.size === 0) return text;
  const alternatives = [...forms]
    .sort((a, b) => b.length - a.length)
    .map((form) => form.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  return text.replaceAll(new RegExp(alternatives.join('|'), 'g'), '[secret]');
}

/** `encodeURIComponent` throws on half a surrogate pair. */
function encodeSafely(text: string): string {
  return encodeURIComponent(text.replaceAll(/\p{Cs}/gu, '\u{fffd}'));
}
