import { isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml';

export type YamlFile =
  | { readonly ok: true; readonly content: unknown }
  | { readonly ok: false; readonly messages: readonly string[] };

/**
 * Reads YAML 1.2. Messages give line and column but quote nothing of the text: the line at fault may
 * hold a secret that somebody put into the wrong file.
 */
export function parseYamlFile(text: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    // Otherwise a %YAML 1.1 directive would turn the key `on` into true.
    schema: 'core',
  });
  const messages = [...document.errors, ...document.warnings].map((fault) =>
    at(
      fault.pos[0],
      // The parser's own words for it advise on how to program.
      fault.code === 'MULTIPLE_DOCS'
        ? 'a second document begins here'
        : withoutQuotation(fault.message),
    ),
  );
  visit(document, {
    Pair(_, { key }) {
      // `__proto__` is lost without a word in most code that copies maps.
      if (isScalar(key) && typeof key.value === 'string' && key.value !== '__proto__') return;
      const offset = isNode(key) ? (key.range?.[0] ?? 0) : 0;
      messages.push(at(offset, 'this cannot be a key (a number needs quotes)'));
    },
  });
  if (messages.length > 0) return { ok: false, messages };
  try {
    return { ok: true, content: document.toJS() };
  } catch (error) {
    // An alias without an anchor, or aliases that multiply.
    const message = error instanceof Error ? withoutQuotation(error.message) : 'unreadable';
    return { ok: false, messages: [message] };
  }

  function at(offset: number, message: string): string {
    const { line, col } = lines.linePos(offset);
    return `line ${String(line)}, column ${String(col)}: ${message}`;
  }
}

/** The parser appends the text at fault after a colon. */
function withoutQuotation(message: string): string {
  return message.replace(/: .*$/s, '');
}
