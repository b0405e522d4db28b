import { describe, expect, it } from 'vitest';
import { environmentVariables } from '../../src/config/environment.js';
import { exists, readText } from './files.js';

/** Instructions with their continued lines joined, comments left out. */
const instructions = readText('Dockerfile')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '');
const lastStage = instructions.slice(
  instructions.findLastIndex((line) => line.startsWith('FROM ')),
);

/** Sources of COPY from the build context. */
const copied = instructions
  .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
  .flatMap((line) => line.split(/\s+/).slice(1, -1));

describe('Dockerfile', () => {
  it('builds on Node 24', () => {
    for (const line of instructions.filter((each) => each.startsWith('FROM '))) {
      expect(line).toMatch(/^FROM node:24-/);
    }
  });

  it('copies what exists and what .dockerignore lets through', () => {
    const ignored = readText('.dockerignore').split('\n');
    expect(ignored).toContain('*');
    expect(copied).toContain('src');
    for (const source of copied) {
      expect(exists(source), source).toBe(true);
      expect(ignored, source).toContain(`!${source.split('/')[0]}`);
    }
  });

  it('lets nothing into the build that it does not copy', () => {
    const allowed = readText('.dockerignore').match(/(?<=^!).+/gm) ?? [];
    expect(copied).toEqual(expect.arrayContaining([...allowed]));
  });

  it('brings the presets along, where the compiled code looks for them', () => {
    expect(lastStage).toContain('COPY src/config/presets ./src/config/presets');
    expect(lastStage).toContain('COPY --from=build /app/dist ./dist');
    expect(lastStage.join('\n')).toContain('package.json');
  });

  it('brings the files of the status page along, where the compiled code looks for them', () => {
    expect(lastStage).toContain('COPY src/pages/assets ./src/pages/assets');
  });

  it('brings the migrations along, where the compiled code looks for them', () => {
    expect(lastStage).toContain('COPY src/store/migrations ./src/store/migrations');
  });

  it('has a journal directory that its user can write, made before it stops being root', () => {
    const made = lastStage.findIndex((line) => /^RUN install --directory --owner=node/.test(line));
    const directory = lastStage.findIndex((line) => line.startsWith('ENV JOURNAL_DIR=/'));
    expect(lastStage[made]).toMatch(/--mode=0700 "\$JOURNAL_DIR"$/);
    expect(directory).toBeLessThan(made);
    expect(directory).toBeGreaterThan(-1);
    expect(made).toBeLessThan(lastStage.indexOf('USER node'));
  });

  it('runs without root, the demo and the development packages', () => {
    expect(lastStage).toContain('USER node');
    expect(lastStage.find((line) => line.includes('npm ci'))).toMatch(/--omit=dev --omit=optional/);
  });

  it('starts the exporter itself and not a shell, so that signals arrive', () => {
    expect(lastStage).toContain('ENTRYPOINT ["node", "--max-semi-space-size=2", "dist/main.js"]');
    expect(lastStage).toContain('CMD ["serve"]');
  });

  it('listens on the port it exposes, which is the default', () => {
    const port = environmentVariables.LISTEN_ADDRESS.default.split(':').at(-1);
    expect(lastStage).toContain(`ENV LISTEN_ADDRESS=0.0.0.0:${port}`);
    expect(lastStage).toContain(`EXPOSE ${port}`);
  });
});
