import { z } from 'zod';
import type { WatchRequest } from '../watcher/plan-watch.js';

/** A person's words: kept, and shown to others. */
const words = z.string().trim().min(1, 'say it in words').max(500);
const name = z.string().trim().min(1, 'say who does it').max(100);

const startBody = z.strictObject({
  for: z.string(),
  note: words,
  as: name,
  providers: z.array(z.string().max(200)).max(100).default([]),
  prove: z.number().int().min(0).max(1_000).default(0),
  accept_known: z.boolean().default(false),
});

const stopBody = z.strictObject({ reason: words, as: name });

export type Body<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string };

/** Reads what a request wants watched, or says what is wrong with it. */
export function parseStartBody(body: unknown): Body<WatchRequest> {
  const parsed = parse(startBody, body);
  if (!parsed.ok) return parsed;
  const { as, accept_known, ...rest } = parsed.value;
  return { ok: true, value: { ...rest, acceptKnown: accept_known, startedBy: as } };
}

/** Reads who ends a watch and why. */
export function parseStopBody(
  body: unknown,
): Body<{ readonly by: string; readonly reason: string }> {
  const parsed = parse(stopBody, body);
  if (!parsed.ok) return parsed;
  const { as, reason } = parsed.value;
  return { ok: true, value: { by: as, reason } };
}

function parse<T>(schema: z.ZodType<T>, body: unknown): Body<T> {
  if (body === undefined) {
    return { ok: false, error: 'send a JSON object, with Content-Type: application/json' };
  }
  const { success, data, error } = schema.safeParse(body);
  return success ? { ok: true, value: data } : { ok: false, error: describe(error) };
}

function describe({ issues }: z.ZodError): string {
  return issues
    .map(({ path, message }) => (path.length === 0 ? message : `"${path.join('.')}": ${message}`))
    .join('; ');
}
