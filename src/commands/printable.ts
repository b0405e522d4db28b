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

/** How many columns of a terminal text takes. */
export function columns(text: string): number {
  // string-width takes text apart, which a table of thousands of plain lines can't wait for.
  return /^[ -~]*$/.test(text) ? text.length : stringWidth(text);
}

const graphemes = new Intl.Segmenter();

/**
 * Shortens text to at most `width` columns, with an ellipsis. Ten thousand accents on one letter are
 * one column wide, so the number of characters has a limit too.
 */
export function shorten(text: string, width: number): string {
  const longest = 4 * width;
  if (text.length <= longest && columns(text) <= width) return text;
  let short = '';
  let taken = 0;
  for (const { segment } of graphemes.segment(text)) {
    taken += columns(segment);
    if (taken > width - 1 || short.length + segment.length > longest) break;
    short += segment;
  }
  return `${short}…`;
}

/** Pads text with spaces to `width` columns. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - columns(text)));
}
