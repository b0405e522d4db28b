import express, { Router } from 'express';
import type { ErrorRequestHandler, Request, Response } from 'express';
import { runInSlices } from '../../run-in-slices.js';
import { adminPaths, paths, tokenHref } from '../links.js';
import { MessagePage } from '../message-page.js';
import type { PageFacts } from '../page-facts.js';
import { viewOf } from '../page-view.js';
import { pageHeaders, parametersOf, sendPage } from '../send-page.js';
import type { Flash } from '../visitor.js';
import { idIn, reasonIn, silenceRequestIn, watchRequestIn } from './form-fields.js';
import { LoginPage } from './login-page.js';
import type { ActionOutcome, AdminFacts } from './page-actions.js';
import { clearSession, sendSession, sessionOf } from './session-cookie.js';
import type { Session } from './sessions.js';
import { localPath, visitorOf } from './visitor-of.js';

const largestForm = '16kb';

/**
 * Logging in and out, and the actions. Each is a form that a person sends from a page of this host;
 * the answer leads back to the page, which says what came of it.
 */
export function adminRoutes(facts: PageFacts, admin: AdminFacts): Router {
  const { door, sessions, actions } = admin;
  const router = Router();
  const view = (request: Request) => viewOf(facts, visitorOf(admin, request));
  const refuse = async (
    request: Request,
    response: Response,
    [status, title, text]: Refusal,
  ): Promise<void> => {
    const content = <MessagePage title={title} text={text} />;
    sendPage(response, await view(request), { title, menu: null, status, content });
  };

  router.use(Object.values(adminPaths), async (request, response, next) => {
    const host = request.get('host');
    const foreignHost = door.refuseHost(host);
    const origin = request.get('origin');
    if (foreignHost !== null) {
      await refuse(request, response, [403, 'Not by this name', `${foreignHost}.`]);
    } else if (
      request.method === 'POST' &&
      (origin === undefined || !door.isOwnOrigin(origin, host))
    ) {
      await refuse(request, response, foreignOrigin);
    } else next();
  });
  router.use(
    Object.values(adminPaths),
    express.text({ type: 'application/x-www-form-urlencoded', limit: largestForm }),
  );

  const showLogin = async (
    request: Request,
    response: Response,
    next: string,
    problem: Problem,
  ): Promise<void> => {
    const content = <LoginPage next={next} problem={problem?.text ?? null} />;
    const status = problem?.status ?? 200;
    sendPage(response, await view(request), { title: 'Log in', menu: null, status, content });
  };
  router.get(adminPaths.login, async (request, response) => {
    await showLogin(request, response, localPath(parametersOf(request).get('next') ?? ''), null);
  });
  router.post(adminPaths.login, async (request, response) => {
    const fields = fieldsOf(request);
    const next = localPath(fields.get('next') ?? '');
    const tried = door.access.present(
      request.socket.remoteAddress ?? '',
      fields.get('token') ?? '',
    );
    switch (tried.kind) {
      case 'granted': {
        const before = sessionOf(sessions, request);
        if (before !== null) sessions.end(before.id);
        sendSession(request, response, sessions.begin());
        response.set(pageHeaders).redirect(303, next);
        return;
      }
      case 'refused':
        await showLogin(request, response, next, {
          status: 403,
          text: 'That is not the admin token.',
        });
        return;
      case 'barred': {
        const seconds = String(Math.ceil(tried.forMs / 1000));
        response.set('Retry-After', seconds);
        const text = `Too many wrong tokens came from your address: try again in ${seconds} s.`;
        await showLogin(request, response, next, { status: 429, text });
      }
    }
  });

  /** A form of somebody who is logged in. */
  const form = (
    path: string,
    run: (fields: URLSearchParams, session: Session, sent: Sent) => Promise<string> | string,
  ) =>
    router.post(path, async (request, response) => {
      const session = sessionOf(sessions, request);
      const fields = fieldsOf(request);
      if (session === null) await refuse(request, response, sessionOver);
      else if (!session.ownsFormToken(fields.get('form') ?? '')) {
        await refuse(request, response, foreignForm);
      } else {
        const back = await run(fields, session, { request, response });
        response.set(pageHeaders).redirect(303, back);
      }
    });
  const action = (
    path: string,
    run: (fields: URLSearchParams, sent: Sent) => Promise<readonly [string, ActionOutcome]>,
  ) =>
    form(path, async (fields, session, sent) => {
      const [back, outcome] = await run(fields, sent);
      sessions.tell(session.id, flashOf(outcome));
      return back;
    });

  form(adminPaths.logout, (_, { id }, { request, response }) => {
    sessions.end(id);
    clearSession(request, response);
    return paths.overview;
  });
  action(adminPaths.refresh, async (fields, { request, response }) => {
    const provider = fields.get('provider') ?? '';
    const tokenId = fields.get('id') ?? '';
    const { tokens } = await view(request);
    const token = await runInSlices(tokens.get(provider, tokenId));
    const gone = new AbortController();
    response.once('close', () => {
      gone.abort();
    });
    const outcome = token === null ? noToken : await actions.refresh(token, gone.signal);
    return [tokenHref(provider, tokenId), outcome];
  });
  action(adminPaths.startWatch, async (fields) => {
    const request = watchRequestIn(fields);
    return [paths.watch, request === null ? noNote : await actions.startWatch(request)];
  });
  action(adminPaths.stopWatch, async (fields) => {
    const id = idIn(fields);
    const reason = reasonIn(fields);
    const outcome = id === null || reason === null ? noReason : await actions.stopWatch(id, reason);
    return [paths.watch, outcome];
  });
  action(adminPaths.silence, async (fields) => [
    paths.incidents,
    await actions.silence(silenceRequestIn(fields)),
  ]);
  action(adminPaths.unsilence, async (fields) => {
    const id = idIn(fields);
    return [paths.incidents, id === null ? noSilence : await actions.unsilence(id)];
  });
  router.use(
    Object.values(adminPaths),
    unreadable((request, response) => refuse(request, response, unreadableForm)),
  );
  return router;
}

/** What a handler may need beyond the fields. */
interface Sent {
  readonly request: Request;
  readonly response: Response;
}

type Problem = { readonly status: number; readonly text: string } | null;
type Refusal = readonly [status: number, title: string, text: string];

const foreignOrigin: Refusal = [
  403,
  'Not from a page of this host',
  'What changes something must come from a page of this exporter, by the address it is reached at. ' +
    'Open the page there and try again. Behind a proxy that changes the Host header, set PUBLIC_URL to the address that people use.',
];
const sessionOver: Refusal = [
  403,
  'You are not logged in',
  'Nothing was done: your session is over, or the exporter was restarted. Log in and do it again.',
];
const foreignForm: Refusal = [
  403,
  'The form is of another session',
  'Nothing was done: you have logged in anew since that page was opened. Open it again and send its form.',
];
const unreadableForm: Refusal = [
  413,
  'The form can’t be read',
  `Nothing was done: send a form of at most ${largestForm}.`,
];

const failed = (text: string): ActionOutcome => ({ kind: 'failed', text });
const noToken = failed('The last poll did not see this token, so nothing was asked for.');
const noNote = failed('No watch was started: say what was fixed, and how many tokens to prove it.');
const noReason = failed('No watch was stopped: say which one, and why.');
const noSilence = failed('No silence was ended: say which one.');

const flashTones = { done: 'good', under_way: 'plain', failed: 'bad' } as const satisfies Readonly<
  Record<ActionOutcome['kind'], Flash['tone']>
>;

function flashOf({ kind, text }: ActionOutcome): Flash {
  return { tone: flashTones[kind], text };
}

/** A body of another type was not read, and holds no field. */
function fieldsOf({ body }: Request): URLSearchParams {
  return new URLSearchParams(typeof body === 'string' ? body : '');
}

/** A body that can't be read: too large, say. Every other fault is not of the form. */
function unreadable(
  answer: (request: Request, response: Response) => Promise<void>,
): ErrorRequestHandler {
  return async (error: unknown, request, response, next) => {
    const status = error instanceof Error ? (error as { status?: unknown }).status : null;
    const isOfForm = typeof status === 'number' && status < 500 && !response.headersSent;
    if (isOfForm) await answer(request, response);
    else next(error);
  };
}
