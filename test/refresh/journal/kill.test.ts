import { beforeAll, afterAll, describe, expect, it } from 'vitest';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildChild, startChild } from './child-process.js';
import { open, temporaryFolder } from './journal-folder.js';
import { JournalOracle } from './journal-oracle.js';

/** How often a process is killed: `JOURNAL_THOROUGHNESS=10 npm test -- test/refresh/journal`. */
const kills = 15 * Number(process.env['JOURNAL_THOROUGHNESS'] ?? 1);

let folder: string;
let program: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-child-'));
  program = await buildChild(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Starts a process that writes, and kills it after a random number of its acknowledgements. */
async function writeAndDie(directory: string, mode: string, oracle: JournalOracle): Promise<void> {
  const child = startChild(program, directory, mode);
  expect(await child.nextLine()).toBe('open');
  const acknowledgements = Math.floor(Math.random() * 150);
  for (let count = 0; count < acknowledgements; count += 1) {
    oracle.hear((await child.nextLine()) ?? 'ended');
  }
  for (const line of await child.kill()) oracle.hear(line);
}

describe('a process that is killed while it writes', () => {
  it(
    `loses nothing that was acknowledged, killed ${kills} times`,
    { timeout: 300_000 },
    async () => {
      const directory = await temporaryFolder();
      const oracle = new JournalOracle();
      let answers = 0;
      for (let count = 0; count < kills; count += 1) {
        await writeAndDie(directory, 'write', oracle);

        const journal = await open(directory);
        expect(oracle.findLost(journal.entries)).toEqual([]);
        answers += oracle.answers;
        // Every other time a process finds what the one before left.
        if (count % 2 === 0) {
          for (const { entryId } of journal.entries) journal.forget(entryId);
          oracle.forgetAll();
        }
        await journal.release();
      }
      // Else nothing was shown.
      expect(answers).toBeGreaterThan(kills);
    },
  );

  it('would be found out if it acknowledged an answer before it was recorded', async () => {
    const directory = await temporaryFolder();
    const oracle = new JournalOracle();
    let lost = 0;
    for (let count = 0; count < 20 && lost === 0; count += 1) {
      await writeAndDie(directory, 'careless', oracle);
      const journal = await open(directory);
      lost += oracle.findLost(journal.entries).length;
      await journal.release();
    }
    expect(lost).toBeGreaterThan(0);
  });
});
