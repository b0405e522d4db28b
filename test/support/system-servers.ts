import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * The servers that tests use and npm can't bring. This list is what scripts/test.mjs installs with
 * `CI=true` or `INSTALL_SERVERS=1`, and what the message about skipped tests names.
 */
export const systemServers = [
  'postgresql',
  'pg_cron',
  'pgbouncer',
  'prometheus',
  'alertmanager',
  'victoria-metrics',
  'chromium',
] as const;
export type SystemServer = (typeof systemServers)[number];

/** Folder of the newest PostgreSQL that Debian's packages installed, or null. */
export function findDebianPostgres(): { readonly major: number; readonly binaries: string } | null {
  const base = '/usr/lib/postgresql';
  if (!existsSync(base)) return null;
  const major = readdirSync(base)
    .map(Number)
    .filter((version) => existsSync(join(base, String(version), 'bin', 'postgres')))
    .sort((a, b) => b - a)[0];
  return major === undefined ? null : { major, binaries: join(base, String(major), 'bin') };
}

/** Path of a program, also of one that only root has on the PATH; null when there is none. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}

/** True when everything that tests with `server` need is installed. */
export function isInstalled(server: SystemServer): boolean {
  switch (server) {
    case 'postgresql':
      return findDebianPostgres() !== null;
    case 'pg_cron': {
      const major = findDebianPostgres()?.major;
      return existsSync(`/usr/share/postgresql/${major ?? 'none'}/extension/pg_cron.control`);
    }
    case 'pgbouncer':
      return findProgram('pgbouncer') !== null;
    case 'prometheus':
      return findProgram('prometheus') !== null && findProgram('promtool') !== null;
    case 'alertmanager':
      return findProgram('prometheus-alertmanager') !== null && findProgram('amtool') !== null;
    case 'victoria-metrics':
      return findProgram('victoria-metrics') !== null;
    case 'chromium':
      return findProgram('chromium') !== null;
  }
}

/** Names of the Debian and Ubuntu packages that bring `server`. */
export function packagesOf(server: SystemServer): readonly string[] {
  switch (server) {
    case 'postgresql':
      return [`postgresql-${debianMajor()}`];
    case 'pg_cron':
      return [`postgresql-${debianMajor()}-cron`];
    case 'pgbouncer':
      return ['pgbouncer'];
    case 'prometheus':
      return ['prometheus'];
    case 'alertmanager':
      return ['prometheus-alertmanager'];
    case 'victoria-metrics':
      return ['victoria-metrics'];
    case 'chromium':
      return ['chromium'];
  }
}

/** The one line that installs `servers`. */
export function installCommand(servers: readonly SystemServer[]): string {
  const packages = servers.flatMap(packagesOf).join(' ');
  return `sudo apt-get install --no-install-recommends ${packages}`;
}

let majorOfApt: number | undefined;

/** The major version that is installed, else the one apt would install, else Debian 12's. */
function debianMajor(): number {
  // Asking apt takes a while, and its answer stays.
  return findDebianPostgres()?.major ?? (majorOfApt ??= findMajorOfApt() ?? 15);
}

function findMajorOfApt(): number | null {
  try {
    const depends = execFileSync('apt-cache', ['depends', 'postgresql'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const major = /postgresql-(\d+)/.exec(depends)?.[1];
    return major === undefined ? null : Number(major);
  } catch {
    return null;
  }
}
