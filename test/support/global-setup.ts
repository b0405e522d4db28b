import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/demo/embedded-postgres.js';
import { startDebianPostgres } from './debian-postgres.js';
import { findDebianPostgres } from './system-servers.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Superuser's URL of the database `postgres`, by the server's name. */
    readonly postgresUrls: Readonly<Record<string, string>>;
  }
}

/** Starts one server of each kind for the whole run; a test file makes databases of its own in it. */
export default async function startPostgresServers(project: TestProject) {
  const starting = {
    '17 (embedded)': startEmbeddedPostgres(),
    '15 (embedded)': startEmbeddedPostgres({ packageName: 'embedded-postgres-15' }),
    ...(findDebianPostgres() && { Debian: startDebianPostgres() }),
  };
  const started = await Promise.allSettled(Object.values(starting));
  const stop = async () => {
    const running = started.filter((result) => result.status === 'fulfilled');
    await Promise.all(running.map(({ value }) => value.stop()));
  };
  const failure = started.find((result) => result.status === 'rejected');
  if (failure) {
    await stop();
    throw failure.reason;
  }
  const urls = await Promise.all(
    Object.entries(starting).map(async ([name, server]) => [name, (await server).url()]),
  );
  project.provide('postgresUrls', Object.fromEntries(urls) as Record<string, string>);
  return stop;
}
