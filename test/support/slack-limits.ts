import { structureProblems } from './slack-schema.js';

interface Text {
  readonly type?: unknown;
  readonly text?: unknown;
}

interface AnyBlock {
  readonly type?: unknown;
  readonly text?: Text;
  readonly fields?: readonly Text[];
  readonly elements?: readonly (Text & { readonly url?: unknown; readonly value?: unknown })[];
}

const longest = { header: 150, section: 3_000, field: 2_000, button: 75, url: 3_000, all: 13_000 };

/**
 * Everything for which Slack would refuse a message, or cut it: structure by its own types,
 * lengths and counts as its documentation has them. Empty: it is fine.
 */
export function slackProblems(payload: unknown): string[] {
  const { text, blocks } = payload as { text?: unknown; blocks?: unknown };
  const problems: string[] = [];
  if (typeof text !== 'string' || text === '') problems.push('no_text');
  else if (text.length > 4_000) problems.push(`text has ${String(text.length)} characters`);
  if (blocks === undefined) return problems;
  if (!Array.isArray(blocks)) return [...problems, 'blocks is no list'];
  if (blocks.length === 0 || blocks.length > 50) problems.push(`${String(blocks.length)} blocks`);
  const size = JSON.stringify(blocks).length;
  if (size > longest.all) problems.push(`the blocks have ${String(size)} characters`);
  for (const block of blocks as AnyBlock[]) {
    problems.push(...structureProblems(block), ...lengthProblems(block));
  }
  return problems;
}

function lengthProblems(block: AnyBlock): string[] {
  const type = String(block.type);
  switch (block.type) {
    case 'header':
      return check(`${type}.text`, block.text?.text, longest.header);
    case 'section': {
      const fields = block.fields ?? [];
      return [
        ...(block.text === undefined ? [] : check(type, block.text.text, longest.section)),
        ...fields.flatMap(({ text }) => check(`${type}.fields`, text, longest.field)),
        ...(fields.length > 10 ? [`section has ${String(fields.length)} fields`] : []),
        ...(block.text === undefined && fields.length === 0 ? ['section is empty'] : []),
      ];
    }
    case 'actions': {
      const elements = block.elements ?? [];
      return [
        ...(elements.length === 0 || elements.length > 25 ? ['actions: 1 to 25 elements'] : []),
        ...elements.flatMap(({ text, url }) => [
          ...check('button.text', (text as Text | undefined)?.text, longest.button),
          ...check('button.url', url, longest.url),
        ]),
      ];
    }
    case 'context': {
      const elements = block.elements ?? [];
      return [
        ...(elements.length === 0 || elements.length > 10 ? ['context: 1 to 10 elements'] : []),
        ...elements.flatMap(({ text }) => check('context', text, longest.field)),
      ];
    }
    default:
      return [`nobody has looked up the limits of ${type}`];
  }
}

function check(what: string, value: unknown, most: number): string[] {
  if (typeof value !== 'string' || value === '') return [`${what} is empty`];
  return value.length > most ? [`${what} has ${String(value.length)} characters`] : [];
}
