import { Router } from 'express';
import type { Assessment } from '../assess/assess.js';
import { matcherOf } from './same-secret.js';
import { subjectHealth } from './token-health.js';

export interface TokenHealthRoute {
  /** Secret that a caller must present as bearer. */
  readonly apiToken: string;
  readonly latest: () => Assessment;
  readonly now: () => Date;
  /** How long an answer may be kept. */
  readonly maxAgeMs: number;
}

/**
 * `GET /api/v1/tokens/<subject>/health`: what an application asks before it calls the provider.
 * Answers from memory, 401 without the right bearer token, 404 for a subject without tokens, and
 * 503 while nothing is known.
 */
export function tokenHealthRoute({ apiToken, latest, now, maxAgeMs }: TokenHealthRoute): Router {
  const router = Router();
  const isAllowed = matcherOf(`Bearer ${apiToken}`);
  router.get('/api/v1/tokens/:subject/health', (request, response) => {
    response.set('Cache-Control', 'no-store');
    if (!isAllowed(request.get('authorization') ?? '')) {
      response.set('WWW-Authenticate', 'Bearer').status(401);
      response.json({ error: 'send the API_TOKEN as bearer token' });
      return;
    }
    const assessment = latest();
    if (![...assessment.providers.values()].some(({ grants }) => grants !== null)) {
      const why = assessment.memoryProblem ?? 'no poll has succeeded yet';
      response.status(503).json({ error: `nothing is known of any grant: ${why}` });
      return;
    }
    const { provider } = request.query;
    const { subject } = request.params;
    const wanted = typeof provider === 'string' ? provider : null;
    const health = subjectHealth(assessment, subject, wanted, now().getTime());
    if (health === null) {
      response.status(404).json({ error: 'no token of this subject is known' });
      return;
    }
    response.set('Cache-Control', `private, max-age=${String(Math.floor(maxAgeMs / 1000))}`);
    response.set('Vary', 'Authorization').json(health);
  });
  return router;
}
