import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';

/** Answers that are being sent. */
const ahead = new Set<Promise<void>>();

/** A client that takes its answer more slowly does not notice a slice of work. */
const longestAheadMs = 20;

/**
 * Lets an answer that has been given to `response` get ahead of work over many tokens.
 *
 * One of several megabytes does not fit into the socket at once: it is written in two or three turns
 * of the event loop, and each would wait for a slice.
 */
export function goAhead(response: ServerResponse): void {
  if (response.writableLength === 0) return;
  const sent = new Promise<void>((resolve) => {
    const late = setTimeout(resolve, longestAheadMs);
    response.once('close', () => {
      clearTimeout(late);
      resolve();
    });
  }).then(() => {
    ahead.delete(sent);
  });
  ahead.add(sent);
}

/** Lets the event loop turn, and whatever is being sent be sent. Whoever comes meanwhile waits for the next pause. */
export async function giveWay(): Promise<void> {
  await setImmediate();
  await Promise.all(ahead);
}
