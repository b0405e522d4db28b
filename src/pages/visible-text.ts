/**
 * Text from data as a page shows it: control characters and marks that turn the writing direction
 * become visible escapes, and no more than `longest` characters are left of it.
 */
export function visibleText(text: string, longest: number): string {
  const characters = Array.from(text.slice(0, 2 * longest + 2));
  const isLong = characters.length > longest;
  const shown = (isLong ? characters.slice(0, longest - 1).join('') : text).replaceAll(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return isLong ? `${shown}…` : shown;
}
