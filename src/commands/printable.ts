import stringWidth from 'string-width';

/**
 * Makes text from data safe to print: control characters, which could move the cursor or change
 * the title of a terminal, and marks that turn the writing direction, become visible escapes.
 */
export function printable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

const graphemes = new Intl.Segmenter();

/**
 * Shortens text to at most `width` columns, with an ellipsis. Ten thousand accents on one letter are
 * one column wide, so the number of characters has a limit too.
 */
export function shorten(text: string, width: number): string {
  const longest = 4 * width;
  if (text.length <= longest && stringWidth(text) <= width) return text;
  let short = '';
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) {
    columns += stringWidth(segment);
    if (columns > width - 1 || short.length + segment.length > longest) break;
    short += segment;
  }
  return `${short}…`;
}

/** Pads text with spaces to `width` columns. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)));
}
