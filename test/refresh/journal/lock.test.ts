import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildChild, startChild, type Child } from './child-process.js';
import { open, temporaryFolder, tryOpen } from './journal-folder.js';

let folder: string;
let program: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-child-'));
  program = await buildChild(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function startReady(directory: string): Promise<Child> {
  const child = startChild(program, directory, 'hold');
  expect(await child.nextLine()).toBe('ready');
  return child;
}

async function tell(child: Child, line: 'open' | 'release'): Promise<string | null> {
  child.tell(line);
  return child.nextLine();
}

/** A process that holds the lock, is quick to start, and is not ours. */
async function startHolder(directory: string): Promise<() => Promise<void>> {
  const script = 'open(F, ">>", shift) && flock(F, 6) or die; $| = 1; print "held"; <STDIN>';
  const holder = spawn('perl', ['-e', script, join(directory, 'lock')]);
  const closed = once(holder, 'close');
  await once(holder.stdout, 'data');
  return async () => {
    holder.kill('SIGKILL');
    await closed;
  };
}

describe('a journal directory', { timeout: 60_000 }, () => {
  it('is held by one process, and says by which', async () => {
    const directory = await temporaryFolder();
    const holder = await startReady(directory);
    expect(await tell(holder, 'open')).toBe('open');

    const problem = {
      reason: 'held',
      message: `the journal in ${directory} is held by ${await readFile(join(directory, 'lock'), 'utf8')}`,
      remedy: 'stop that process, or give this one a JOURNAL_DIR of its own',
    };
    expect(problem.message).toMatch(/held by process \d+ on /);
    expect(await tryOpen(directory)).toEqual({ ok: false, problem });
  });

  it('is held against the same process too, until it is released', async () => {
    const directory = await temporaryFolder();
    const first = await open(directory);
    expect(await tryOpen(directory)).toMatchObject({ ok: false, problem: { reason: 'held' } });

    await first.release();

    expect((await open(directory)).entries).toEqual([]);
  });

  it('is free as soon as its holder was killed', async () => {
    const directory = await temporaryFolder();
    const holder = await startReady(directory);
    await tell(holder, 'open');

    await holder.kill();

    expect((await open(directory)).entries).toEqual([]);
  });

  it('is not held when it could not be opened', async () => {
    const directory = await temporaryFolder();
    const child = await startReady(directory);
    const held = await open(directory);
    expect(await tell(child, 'open')).toBe('held');
    await held.release();

    expect(await tell(child, 'open')).toBe('open');
  });

  it('goes to exactly one of two that want a killed holder’s, 50 times', async () => {
    const directory = await temporaryFolder();
    const rivals = [await startReady(directory), await startReady(directory)] as const;
    const outcomes: (string | null)[][] = [];

    for (let round = 0; round < 50; round += 1) {
      const killHolder = await startHolder(directory);
      if (round === 0) expect(await tell(rivals[0], 'open')).toBe('held');
      await killHolder();
      const outcome = await Promise.all(rivals.map((rival) => tell(rival, 'open')));
      outcomes.push([...outcome].sort());
      for (const rival of rivals) await tell(rival, 'release');
    }

    expect(outcomes).toEqual(Array.from({ length: 50 }, () => ['held', 'open']));
  });
});
