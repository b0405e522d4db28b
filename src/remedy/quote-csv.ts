/**
 * One cell of a CSV file (RFC 4180), quoted where it has to be. What a spreadsheet would take for a
 * formula starts with an apostrophe: what a user calls themselves must not run on an operator's desk.
 */
export function quoteCsv(text: string): string {
  // Full-width signs count too: some spreadsheets turn them into their plain forms.
  const harmless = /^\s*[=+\-@＝＋－＠|%]/u.test(text) ? `'${text}` : text;
  return /[",\r\n;']/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
