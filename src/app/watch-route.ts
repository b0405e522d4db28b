import express from 'express';
import type { ErrorRequestHandler, Response, Router } from 'express';
import { DatabaseError } from '../database/explain-database-error.js';
import type { AdminDoor } from '../publish/admin-door.js';
import { adminGate } from '../publish/admin-gate.js';
import type { Log } from '../log.js';
import { messageOf } from './app-parts.js';
import { parseStartBody, parseStopBody } from './watch-body.js';
import type { WatchAnswer, WatchControl } from './watch-control.js';

const path = '/api/v1/watches';
const largestBody = '16kb';

/**
 * The stability watches over HTTP, for who has the ADMIN_TOKEN: start and list at `/api/v1/watches`,
 * report at `/api/v1/watches/<id or latest>`, stop at `…/stop`. Every answer is JSON.
 */
export function watchRoute(control: WatchControl, door: AdminDoor | null, log: Log): Router {
  const router = express.Router();
  router.use(path, adminGate(door));
  router.use(path, express.json({ limit: largestBody }));

  router
    .route(path)
    .get(async (_, response) => {
      answer(response, await control.list());
    })
    .post(async (request, response) => {
      const body = parseStartBody(request.body);
      if (!body.ok) {
        refuse(response, 400, body.error);
        return;
      }
      const started = await control.start(body.value);
      if (started.id !== null) response.location(`${path}/${String(started.id)}`);
      answer(response, started);
    })
    .all(onlyWith('GET, HEAD, POST'));
  router
    .route(`${path}/:id`)
    .get(async (request, response) => {
      const id = request.params.id === 'latest' ? null : idOf(request.params.id);
      if (id === undefined) refuse(response, 404, 'an id of a watch is a number, or latest');
      else answer(response, await control.report(id));
    })
    .all(onlyWith('GET, HEAD'));
  router
    .route(`${path}/:id/stop`)
    .post(async (request, response) => {
      const id = idOf(request.params.id);
      const body = parseStopBody(request.body);
      if (id === undefined) refuse(response, 404, 'an id of a watch is a number');
      else if (!body.ok) refuse(response, 400, body.error);
      else answer(response, await control.stop(id, body.value));
    })
    .all(onlyWith('POST'));
  router.use(path, (_, response) => {
    refuse(response, 404, 'not found');
  });
  router.use(
    path,
    failure((error) => {
      log.warn('a request about stability watches failed', { error });
    }),
  );
  return router;
}

function answer(response: Response, { status, body }: WatchAnswer): void {
  response.status(status).json(body);
}

function refuse(response: Response, status: number, error: string): void {
  response.status(status).json({ error });
}

function onlyWith(methods: string) {
  return (_: unknown, response: Response) => {
    response.set('Allow', methods);
    refuse(response, 405, `only ${methods}`);
  };
}

/** What could not be done: a body that can't be read, a database that is away, a fault of ours. */
function failure(onFailure: (error: string) => void): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const status = statusOf(error);
    if (status !== null && status < 500) {
      refuse(response, status, `the body can't be read: send JSON of at most ${largestBody}`);
      return;
    }
    onFailure(messageOf(error));
    const known = error instanceof DatabaseError ? error.message : null;
    refuse(response, 503, known ?? "that could not be done now: the exporter's log says why");
  };
}

function statusOf(error: unknown): number | null {
  const status = error instanceof Error ? (error as { status?: unknown }).status : null;
  return typeof status === 'number' ? status : null;
}

function idOf(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
