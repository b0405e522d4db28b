import { expect } from 'vitest';

/** An answer to a browser that follows no redirect. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Somebody who uses the forms of the pages, with the cookies that a browser would keep. */
export interface AdminClient {
  readonly open: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Answer>;
  /** Sends a form as its page has it, with these fields filled in. */
  readonly send: (
    path: string,
    fields: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Answer>;
  /** Sends it with the form token of the session, and tells what the page that follows says of it. */
  readonly act: (path: string, fields: Readonly<Record<string, string>>) => Promise<string>;
  readonly cookie: () => string;
}

/** Uses the pages at `url` as a browser does. */
export function adminClient(url: string): AdminClient {
  let cookie = '';
  const ask = async (
    path: string,
    headers: Readonly<Record<string, string>>,
    init: RequestInit = {},
  ): Promise<Answer> => {
    const response = await fetch(`${url}${path}`, {
      ...init,
      headers: { ...(cookie !== '' && { Cookie: cookie }), ...headers },
      redirect: 'manual',
    });
    const [set] = response.headers.getSetCookie();
    if (set !== undefined) cookie = set.split(';')[0] ?? '';
    return { status: response.status, headers: response.headers, body: await response.text() };
  };
  const open: AdminClient['open'] = (path, headers = {}) => ask(path, headers);
  const send: AdminClient['send'] = (path, fields, headers = {}) =>
    ask(path, { Origin: url, ...headers }, { method: 'POST', body: new URLSearchParams(fields) });
  return {
    open,
    send,
    async act(path, fields) {
      const { body } = await open('/');
      const form = /name="form" value="([^"]+)"/.exec(body)?.[1] ?? '';
      const sent = await send(path, { form, ...fields });
      expect(sent.status).toBe(303);
      const next = await open(sent.headers.get('location') ?? '');
      return /<p class="flash [^>]*>([^<]*)</.exec(next.body)?.[1] ?? '';
    },
    cookie: () => cookie,
  };
}
