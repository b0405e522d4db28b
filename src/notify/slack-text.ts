/**
 * Makes text that comes from data harmless: control characters, marks that turn the writing
 * direction and halves of a pair become `�`, runs of blanks and line ends one blank. A backtick
 * would end the code that surrounds it, so it becomes an apostrophe.
 */
export function cleanText(text: string): string {
  return cleanLine(text).replaceAll('`', "'");
}

/** The same for text of our own, which may have lines, and code in them: `doctor`. */
export function cleanLines(text: string): string {
  const clean = (line: string) =>
    line.split('`').length % 2 === 1 ? cleanLine(line) : cleanText(line);
  return text.split('\n').map(clean).join('\n').trim();
}

function cleanLine(text: string): string {
  return text
    .replaceAll(/\s+/gu, ' ')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu, '\u{fffd}')
    .trim();
}

/**
 * Escapes the three characters that Slack gives a meaning to, so that no text mentions anybody or
 * becomes a link (docs.slack.dev, "Formatting text for app surfaces").
 */
export function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Shortens text to `longest` characters as `length` counts them, never within a code point. */
export function clip(text: string, longest: number): string {
  return clipBy(text, longest, (character) => character.length);
}

/** The same for text that will be escaped: the escaped text is at most `longest` long. */
export function escapeWithin(text: string, longest: number): string {
  return escapeSlack(clipBy(text, longest, (character) => escapeSlack(character).length));
}

function clipBy(text: string, longest: number, lengthOf: (character: string) => number): string {
  // More than this is never kept, so more is never looked at.
  const head = text.slice(0, longest + 1);
  let length = 0;
  let end = 0;
  let fits = 0;
  for (const character of head) {
    length += lengthOf(character);
    if (length > longest) return `${head.slice(0, fits)}…`;
    end += character.length;
    if (length <= longest - 1) fits = end;
  }
  return text;
}
