/** What came over a webhook, still unbelieved. */
export interface ReceivedMessage {
  readonly text: string;
  readonly blocks: readonly unknown[] | null;
  readonly receivedAt: Date;
}

type Fields = Readonly<Record<string, unknown>>;

/** A page with messages as Slack shows them, the newest first. */
export function renderSlackPage(messages: readonly ReceivedMessage[]): string {
  const items = messages.map(renderMessage).reverse().join('\n');
  const empty = '<p class="empty">No message yet. The page looks again every five seconds.</p>';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5">
<title>#token-alerts · what Slack would show</title>
<style>${style}</style>
</head>
<body>
<header><h1># token-alerts</h1><p>What people would see in Slack. Nothing left this machine.</p></header>
<main>
${items === '' ? empty : items}
</main>
</body>
</html>
`;
}

/** Turns Slack's escapes back: what a person reads. */
export function unescapeSlack(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

function renderMessage({ text, blocks, receivedAt }: ReceivedMessage): string {
  const time = receivedAt.toISOString();
  const body = blocks === null ? `<p>${mrkdwn(text)}</p>` : blocks.map(renderBlock).join('\n');
  return `<article>
<div class="avatar" aria-hidden="true">🔑</div>
<div class="message">
<p class="from"><strong>oauth-token-exporter</strong> <span class="app">APP</span> <time datetime="${time}">${time.slice(11, 16)} UTC</time></p>
${body}
</div>
</article>`;
}

function renderBlock(block: unknown): string {
  if (!isFields(block)) return '';
  switch (block['type']) {
    case 'header':
      return `<h2>${escapeHtml(textOf(block['text']))}</h2>`;
    case 'section': {
      const fields = listOf(block['fields']).map((field) => `<div>${mrkdwn(textOf(field))}</div>`);
      const text = textOf(block['text']);
      const grid = fields.length === 0 ? '' : `<div class="fields">${fields.join('')}</div>`;
      return (text === '' ? '' : `<p>${mrkdwn(text)}</p>`) + grid;
    }
    case 'actions':
      return `<p class="buttons">${listOf(block['elements']).map(renderButton).join(' ')}</p>`;
    case 'context':
      return `<p class="context">${listOf(block['elements'])
        .map((element) => mrkdwn(textOf(element)))
        .join(' ')}</p>`;
    default:
      return `<p class="context">(a block of the type ${escapeHtml(String(block['type']))})</p>`;
  }
}

function renderButton(element: unknown): string {
  if (!isFields(element)) return '';
  const { url, text } = element;
  const label = escapeHtml(textOf(text));
  const isLink = typeof url === 'string' && /^https?:\/\//.test(url);
  return isLink
    ? `<a href="${escapeHtml(url)}" rel="noreferrer">${label}</a>`
    : `<span>${label}</span>`;
}

/** The text of a text object, or a string itself. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (!isFields(value)) return '';
  return typeof value['text'] === 'string' ? value['text'] : '';
}

const tokens = /<([^<>]*)>|`([^`\n]+)`|\*([^*\n]+)\*/g;

/** The part of Slack's mrkdwn that is used here, as HTML. */
function mrkdwn(text: string): string {
  const parts: string[] = [];
  let end = 0;
  for (const match of text.matchAll(tokens)) {
    const [whole, special, code, bold] = match;
    parts.push(plain(text.slice(end, match.index)));
    if (special !== undefined) parts.push(renderSpecial(special));
    else if (code !== undefined) parts.push(`<code>${plain(code)}</code>`);
    else parts.push(`<strong>${plain(bold ?? '')}</strong>`);
    end = match.index + whole.length;
  }
  parts.push(plain(text.slice(end)));
  return parts.join('');
}

function renderSpecial(special: string): string {
  const [target = '', label] = special.split('|');
  if (target.startsWith('!date^')) return `<time>${plain(label ?? '')}</time>`;
  const mention = /^!subteam\^/.test(target) ? '@group' : target.replace(/^[!@]/, '@');
  if (/^[!@]/.test(target)) return `<span class="mention">${plain(mention)}</span>`;
  return `<a href="${escapeHtml(unescapeSlack(target))}" rel="noreferrer">${plain(label ?? target)}</a>`;
}

function plain(text: string): string {
  return escapeHtml(unescapeSlack(text)).replaceAll('\n', '<br>');
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

const style = `
:root { color-scheme: light dark; --text: #1d1c1d; --dim: #5f5e60; --line: #ddd; --back: #fff;
        --code: #b3134a; --codeback: #f6f6f6; --link: #0b4c8c; --mention: #fdf3d0; }
@media (prefers-color-scheme: dark) { :root { --text: #d9dbde; --dim: #aaadb2; --line: #3b3d41;
        --back: #1a1d21; --code: #f39ab0; --codeback: #2a2d31; --link: #6cb6ff; --mention: #4d4218; } }
body { margin: 0; font: 15px/1.47 Lato, system-ui, sans-serif; color: var(--text); background: var(--back); }
header { padding: .75rem 1.25rem; border-bottom: 1px solid var(--line); }
h1 { font-size: 1.1rem; margin: 0; } header p { margin: 0; color: var(--dim); font-size: .85rem; }
main { max-width: 46rem; padding: .5rem 1.25rem 2rem; }
article { display: flex; gap: .6rem; padding: .75rem 0; border-bottom: 1px solid var(--line); }
.avatar { flex: none; width: 36px; height: 36px; border-radius: 6px; background: var(--codeback);
          display: grid; place-items: center; font-size: 20px; }
.message { min-width: 0; flex: 1; overflow-wrap: anywhere; }
.from { margin: 0; } .from time { color: var(--dim); font-size: .8rem; }
.app { font-size: .65rem; background: var(--line); border-radius: 3px; padding: 1px 4px; }
h2 { font-size: 1.15rem; margin: .35rem 0 .5rem; line-height: 1.3; }
p { margin: .5rem 0; }
.fields { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .5rem 1rem; margin: .5rem 0; }
code { font: .8rem ui-monospace, monospace; color: var(--code); background: var(--codeback);
       border: 1px solid var(--line); border-radius: 3px; padding: 1px 3px; }
.buttons { display: flex; flex-wrap: wrap; gap: .5rem; }
.buttons a, .buttons span { border: 1px solid var(--dim); border-radius: 4px; padding: .25rem .7rem;
       color: var(--text); font-weight: bold; font-size: .85rem; text-decoration: none; }
a { color: var(--link); } .context, .empty { color: var(--dim); font-size: .8rem; }
.context code { font-size: .75rem; }
.mention { background: var(--mention); border-radius: 3px; padding: 0 2px; }
`;
