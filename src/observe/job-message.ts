const longest = 200;

/** Longer runs of such characters with a digit in them could be a token. */
const longRun = /[\w.~+/=-]{24,}/g;
const mailAddress = /[^\s@]{1,64}@[^\s@]{1,255}/g;

/** How much of a message is read at all: `left(…, 1000)` in SQL. */
export const messageCharacters = 1_000;

/**
 * Makes the message of a job fit to be shown: its first line, at most 200 characters, without what
 * may be a secret or a mail address, control characters as visible escapes.
 *
 * A job's error may quote the statement or the row that it failed on.
 */
export function cleanMessage(text: string): string {
  const [line = ''] = text.trim().split(/[\r\n]/, 1);
  const visible = line
    .replaceAll(longRun, (run) => (/\d/.test(run) ? '[secret]' : run))
    .replaceAll(mailAddress, '[address]')
    .replaceAll(
      /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
      (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
    );
  const characters = Array.from(visible);
  return characters.length <= longest ? visible : `${characters.slice(0, longest - 1).join('')}…`;
}
