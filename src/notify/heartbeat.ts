import { explainNetworkFault } from '../refresh/network-fault.js';

const timeoutMs = 10_000;

export interface HeartbeatOptions {
  /** Secret: whoever has it can pretend that we live. */
  readonly url: string;
  /** One failed; `detail` says why, for people. `isNews`: the last one did not fail like this. */
  readonly onFailure: (detail: string, isNews: boolean) => void;
  /** The first that worked after one that did not. */
  readonly onRecovered: () => void;
}

export interface Heartbeat {
  /** Tells whoever watches that a poll succeeded. Returns at once and never throws. */
  readonly beat: () => void;
  /** Ends the one that is under way. */
  readonly stop: () => Promise<void>;
}

/**
 * A dead man's switch: somebody outside is called as long as polls succeed, and raises the alarm
 * when the calls stay away. One at a time: a beat that finds another under way is left out. GET,
 * because every such service takes it, and some take nothing else.
 */
export function createHeartbeat({ url, onFailure, onRecovered }: HeartbeatOptions): Heartbeat {
  const stopping = new AbortController();
  let underWay: Promise<void> | null = null;
  let lastFailure: string | null = null;

  const call = async (): Promise<void> => {
    const failure = await ping(url, stopping.signal);
    if (stopping.signal.aborted) return;
    if (failure !== null) onFailure(failure, failure !== lastFailure);
    else if (lastFailure !== null) onRecovered();
    lastFailure = failure;
  };
  return {
    beat() {
      if (stopping.signal.aborted) return;
      underWay ??= call().finally(() => {
        underWay = null;
      });
    },
    async stop() {
      stopping.abort();
      await underWay;
    },
  };
}

/** null: it was heard. Otherwise why not; nothing of the URL is in it. */
async function ping(url: string, stopping: AbortSignal): Promise<string | null> {
  const timeout = new AbortController();
  const timer = setTimeout(() => {
    timeout.abort();
  }, timeoutMs);
  const stop = () => {
    timeout.abort();
  };
  stopping.addEventListener('abort', stop, { once: true });
  try {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { 'user-agent': 'oauth-token-exporter', 'cache-control': 'no-cache' },
      signal: timeout.signal,
    });
    await response.body?.cancel();
    if (response.ok) return null;
    const status = `HTTP ${String(response.status)}`;
    return response.status >= 300 && response.status < 400
      ? `${status}: a redirect, which is not followed; set HEARTBEAT_URL to where it leads`
      : `${status}; check HEARTBEAT_URL`;
  } catch (error) {
    if (timeout.signal.aborted) return `no answer within ${String(timeoutMs / 1000)} s`;
    return explainNetworkFault(error instanceof Error ? (error.cause ?? error) : error).detail;
  } finally {
    clearTimeout(timer);
    stopping.removeEventListener('abort', stop);
  }
}
