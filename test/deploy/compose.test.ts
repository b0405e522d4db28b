import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { grafanaBase, overviewUid } from '../../dashboards/src/links.js';
import { requestLimits } from '../../src/refresh/bounded-request.js';
import { loadYaml } from '../config/load-from.js';
import { compose, exists, prometheusConfig, readText, service } from './files.js';

/*
 * No container engine runs here. What can be known without one is: the structure, the paths, the
 * ports, and that all of them agree.
 */
const services = Object.entries(compose.services);
const shared = ['prometheus', 'alertmanager', 'grafana'];

/** `host path → path in the container`, of bind mounts; named volumes have no slash or dot. */
const mounts = services.flatMap(([name, { volumes = [] }]) =>
  volumes.map((volume) => {
    const [source = '', target = '', mode] = volume.split(':');
    return { name, source, target, mode, bind: source.startsWith('.') };
  }),
);

describe('docker-compose.yml', () => {
  it('runs the exporter, its database, Prometheus, Alertmanager and Grafana', () => {
    expect(services.map(([name]) => name).sort()).toEqual(
      ['postgres', 'exporter', ...shared].sort(),
    );
  });

  it('uses only keys that the Compose specification has for a service', () => {
    const known = ['image', 'build', 'network_mode', 'environment', 'ports', 'volumes'];
    known.push('stop_grace_period', 'tmpfs', 'command', 'healthcheck', 'depends_on', 'secrets');
    for (const [name, definition] of services) {
      expect(known, name).toEqual(expect.arrayContaining(Object.keys(definition)));
    }
    expect(Object.keys(compose).sort()).toEqual(['name', 'secrets', 'services', 'volumes']);
  });

  it('pins every image and builds the exporter from here', () => {
    for (const [name, { image, build }] of services) {
      if (name === 'exporter') expect(build).toBe('.');
      else expect(image, name).toMatch(/^[a-z/]+:v?\d+(\.\d+)*$/);
    }
  });

  it('mounts files that exist, read-only, and names every other volume', () => {
    for (const { name, source, mode, bind } of mounts) {
      if (bind) {
        expect(exists(source), `${name}: ${source}`).toBe(true);
        expect(mode, `${name}: ${source}`).toBe('ro');
      } else {
        expect(Object.keys(compose.volumes)).toContain(source);
      }
    }
    expect(mounts.filter(({ bind }) => bind).length).toBeGreaterThan(5);
  });

  it('publishes ports on loopback only, and only from the owner of the shared network', () => {
    for (const [name, { ports, network_mode }] of services) {
      expect(network_mode, name).toBe(shared.includes(name) ? 'service:exporter' : undefined);
      if (name !== 'exporter') expect(ports, name).toBeUndefined();
    }
    const published = service('exporter').ports ?? [];
    expect([...published].sort()).toEqual(
      [3000, 6749, 9090, 9093].map((port) => `127.0.0.1:${port}:${port}`),
    );
  });

  it('starts each service when what it needs is healthy', () => {
    const condition = 'service_healthy';
    expect(service('exporter').depends_on).toMatchObject({ postgres: { condition } });
    expect(service('postgres').healthcheck?.test).toContain('pg_isready');
    expect(readText('Dockerfile')).toContain('HEALTHCHECK');
    for (const name of shared) {
      expect(service(name).depends_on, name).toMatchObject({ exporter: { condition } });
    }
  });

  it('gives the exporter the database that the incident is loaded into, and says it is without TLS', () => {
    const url = service('exporter').environment?.['DATABASE_URL'] ?? '';
    expect(url).toContain('@postgres:5432/');
    expect(url).toContain('sslmode=disable');
    const initial = mounts.find(({ target }) => target === '/docker-entrypoint-initdb.d');
    expect(initial).toMatchObject({ name: 'postgres' });
    for (const script of ['01-schema.sql', '02-incident.sql']) {
      expect(exists(`${initial?.source}/${script}`), script).toBe(true);
    }
  });

  it('gives the exporter the configuration of the demo', () => {
    const path = service('exporter').environment?.['CONFIG_FILE'];
    expect(mounts).toContainEqual(expect.objectContaining({ name: 'exporter', target: path }));
  });

  it('keeps the journal on a volume, where the image has a place for it', () => {
    const directory = /^ENV JOURNAL_DIR=(.+)$/m.exec(readText('Dockerfile'))?.[1];
    expect(mounts).toContainEqual(
      expect.objectContaining({ name: 'exporter', target: directory, bind: false }),
    );
  });

  it('gives the exporter the time that its longest request may take before it is killed', () => {
    const { deadlineMs } = requestLimits;
    const [, seconds] = /^(\d+)s$/.exec(service('exporter').stop_grace_period ?? '') ?? [];
    expect(Number(seconds) * 1000).toBeGreaterThan(deadlineMs);
  });

  it('gives the exporter a configuration that needs nothing but what is here', () => {
    const { environment = {} } = service('exporter');
    const yaml = readText('src/demo/world/demo.yaml');
    const url = 'postgres://postgres@localhost:5432/postgres';
    expect(environment['CONFIG_FILE']).toBeDefined();
    expect(loadYaml(yaml, { DATABASE_URL: url })).toMatchObject({ ok: true });
  });

  it('has no password but a throw-away default', () => {
    const passwords = services.flatMap(([, { environment = {} }]) =>
      Object.entries(environment).filter(([key]) => key.includes('PASSWORD')),
    );
    expect(passwords.length).toBe(2);
    for (const [key, value] of passwords) {
      expect(value, key).toMatch(/^\$\{[A-Z_]+:-throw-away\}$/);
    }
  });

  it('puts the rule files where prometheus.yml looks for them', () => {
    const prometheus = mounts.filter(({ name }) => name === 'prometheus');
    expect(prometheus).toContainEqual(
      expect.objectContaining({
        source: './prometheus.yml',
        target: '/etc/prometheus/prometheus.yml',
      }),
    );
    expect(prometheusConfig.rule_files).toEqual(['alerts/*.rules.yml']);
    expect(prometheus).toContainEqual(
      expect.objectContaining({ source: './alerts', target: '/etc/prometheus/alerts' }),
    );
  });
});

describe('the provisioning of Grafana', () => {
  interface Datasource {
    uid: string;
    type: string;
    url: string;
    jsonData?: { timeInterval?: string };
  }
  const grafana = mounts.filter(({ name }) => name === 'grafana');
  const { datasources } = parse(readText('dashboards/provisioning/datasources/prometheus.yml')) as {
    datasources: Datasource[];
  };
  const { providers } = parse(
    readText('dashboards/provisioning/dashboards/oauth-token-exporter.yml'),
  ) as { providers: { options: { path: string } }[] };

  it('is mounted where Grafana looks for it', () => {
    expect(grafana).toContainEqual(
      expect.objectContaining({
        source: './dashboards/provisioning',
        target: '/etc/grafana/provisioning',
      }),
    );
  });

  it('loads the dashboards from where they are mounted, one of them as the first page', () => {
    const folder = providers[0]?.options.path;
    expect(grafana).toContainEqual(
      expect.objectContaining({ source: './dashboards', target: folder }),
    );
    const home = service('grafana').environment?.['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH'];
    expect(home).toBe(`${folder}/${overviewUid}.json`);
    expect(exists(`dashboards/${overviewUid}.json`)).toBe(true);
  });

  it('reads from the Prometheus and the Alertmanager beside it', () => {
    expect(datasources).toContainEqual(
      expect.objectContaining({ type: 'prometheus', url: 'http://localhost:9090' }),
    );
    expect(datasources).toContainEqual(
      expect.objectContaining({ type: 'alertmanager', url: 'http://localhost:9093' }),
    );
    expect(datasources[0]?.jsonData?.timeInterval).toBe(prometheusConfig.global.scrape_interval);
  });

  it('is at the address that alerts link to', () => {
    const { port, hostname } = new URL(grafanaBase);
    expect(hostname).toBe('localhost');
    expect(service('exporter').ports).toContain(`127.0.0.1:${port}:${port}`);
  });
});
