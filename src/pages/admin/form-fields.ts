import type { WatchRequest } from '../../watcher/plan-watch.js';
import type { SilenceRequest } from '../../notify/plan-silence.js';

const longestText = 500;

/** What was filled in; null: nothing. */
function textOf(fields: URLSearchParams, name: string): string | null {
  const text = (fields.get(name) ?? '').trim().slice(0, longestText);
  return text === '' ? null : text;
}

/** Why somebody does it, as others will read it; null: nothing was said. */
export function reasonIn(fields: URLSearchParams): string | null {
  return textOf(fields, 'reason');
}

/** The number of a watch or a silence; null: it is none. */
export function idIn(fields: URLSearchParams): number | null {
  const text = fields.get('id') ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

/** What a form wants watched; null: it does not say what was fixed. */
export function watchRequestIn(fields: URLSearchParams): Omit<WatchRequest, 'startedBy'> | null {
  const note = textOf(fields, 'note');
  const provider = textOf(fields, 'provider');
  const prove = textOf(fields, 'prove') ?? '0';
  if (note === null || !/^\d{1,3}$/.test(prove)) return null;
  return {
    for: textOf(fields, 'for') ?? '',
    note,
    providers: provider === null ? [] : [provider],
    prove: Number(prove),
    acceptKnown: fields.has('accept_known'),
  };
}

/** What a form wants nobody to be told of. */
export function silenceRequestIn(fields: URLSearchParams): SilenceRequest {
  return {
    provider: textOf(fields, 'provider'),
    cause: textOf(fields, 'cause'),
    for: textOf(fields, 'for') ?? '',
    reason: reasonIn(fields) ?? '',
  };
}
