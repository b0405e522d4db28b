import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { decodeContent } from './content-encoding.js';
import type { Exchange, RequestLimits, Unanswered } from './exchange.js';
import { explainNetworkFault } from './network-fault.js';
import { parseJsonObject } from './response-body.js';
import { safeText } from './safe-text.js';
import type { RawAnswer } from './token-response.js';

/**
 * Listens to one request of undici until it is settled, exactly once.
 *
 * A handler instead of `request()`, because only a handler is told when the request leaves, which
 * is the difference between "nothing was sent" and "its fate is unknown".
 */
export class ExchangeReader implements Dispatcher.DispatchHandler {
  readonly #host: string;
  readonly #limits: RequestLimits;
  readonly #resolve: (exchange: Exchange) => void;
  readonly #timers: readonly NodeJS.Timeout[];
  #settled = false;
  #controller: Dispatcher.DispatchController | null = null;
  #answer: { status: number; headers: IncomingHttpHeaders } | null = null;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(
    url: string,
    limits: RequestLimits,
    onSlow: () => void,
    resolve: (exchange: Exchange) => void,
  ) {
    this.#host = URL.canParse(url) ? new URL(url).host : 'the endpoint';
    this.#limits = limits;
    this.#resolve = resolve;
    this.#timers = [
      setTimeout(onSlow, limits.slowAfterMs),
      setTimeout(() => {
        this.#onDeadline();
      }, limits.deadlineMs),
    ];
  }

  /** Ends the exchange before it began. */
  refuse(detail: string): void {
    this.#fail('network', detail);
  }

  /** The connection stands and the request is about to be written to it. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#controller !== null) this.#fail('network', 'the connection was lost');
    if (this.#settled) controller.abort(new Error('too late to send'));
    else this.#controller = controller;
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (this.#settled || status < 200) return;
    this.#answer = { status, headers };
    if (status >= 300 && status < 400) {
      this.#fail(
        'unparseable_response',
        `HTTP ${status}: a redirect to ${this.#locationHost(headers)}, which is never followed; ` +
          'configure the address where the endpoint really is',
        // A redirect is an answer: what was asked for was not done here.
        { mayHaveArrived: false },
      );
    } else if (Number(first(headers['content-length']) ?? 0) > this.#limits.maxBodyBytes) {
      this.#failTooLong(status);
    }
    if (this.#isSettled()) controller.abort(new Error('not read further'));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled || this.#answer === null) return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#limits.maxBodyBytes) {
      this.#failTooLong(this.#answer.status);
      controller.abort(new Error('not read further'));
      return;
    }
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const raw = this.#read();
    if (raw !== null) this.#settle({ ok: true, raw });
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: unknown): void {
    if (this.#settled || this.#succeedIfComplete()) return;
    const { reason, detail } = explainNetworkFault(error);
    this.#fail(reason, detail);
  }

  #onDeadline(): void {
    if (!this.#succeedIfComplete()) {
      const seconds = this.#limits.deadlineMs / 1000;
      const what = this.#answer === null ? 'no answer' : 'no whole answer';
      this.#fail('timeout', `${what} within ${seconds} s`);
    }
    this.#controller?.abort(new Error('the deadline has passed'));
  }

  /**
   * A connection that breaks after the last byte that matters must not cost what was received. A
   * JSON object says by itself where it ends; of anything else half may look like the whole.
   */
  #succeedIfComplete(): boolean {
    const raw = this.#read();
    if (raw === null || parseJsonObject(raw.body) === null) return false;
    this.#settle({ ok: true, raw });
    return true;
  }

  #read(): RawAnswer | null {
    if (this.#answer === null) return null;
    const { status, headers } = this.#answer;
    const contentType = first(headers['content-type']);
    const retryAfter = first(headers['retry-after']);
    const date = first(headers.date);
    return {
      status,
      headers: {
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
        ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
        ...(date === undefined ? {} : { date }),
      },
      body: decodeContent(
        Buffer.concat(this.#chunks),
        first(headers['content-encoding']),
        this.#limits.maxBodyBytes,
      ),
    };
  }

  #locationHost(headers: IncomingHttpHeaders): string {
    const location = first(headers.location);
    const base = `https://${this.#host}`;
    if (location === undefined || !URL.canParse(location, base)) return 'nowhere';
    return safeText(new URL(location, base).host, []);
  }

  #failTooLong(status: number): void {
    const detail = `HTTP ${status}: an answer longer than ${this.#limits.maxBodyBytes} bytes`;
    this.#fail('unparseable_response', detail);
  }

  #fail(
    reason: Unanswered['reason'],
    detail: string,
    { mayHaveArrived = this.#controller !== null } = {},
  ): void {
    this.#settle({
      ok: false,
      reason,
      mayHaveArrived,
      halfReadStatus: this.#answer?.status ?? null,
      detail: `${this.#host}: ${detail}`,
    });
  }

  #isSettled(): boolean {
    return this.#settled;
  }

  #settle(exchange: Exchange): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#timers.forEach(clearTimeout);
    this.#chunks = [];
    this.#resolve(exchange);
  }
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
