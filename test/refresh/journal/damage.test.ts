import fc from 'fast-check';
import { cp, open as openFile, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { answer, open, send, summary, temporaryFolder, tryOpen } from './journal-folder.js';

const usual = 'slots-v2-usual-000000001';
const long = 'slots-v1-long-000000001';
const slotBytes = 32 * 1024;
const pageBytes = 4096;
const slots = 128;
/** Where byte `offset` of a slot is: all requests come first, then the starts of all answers. */
const placeOf = (slot: number, offset: number): number => {
  const page = Math.min(2, Math.floor(offset / pageBytes));
  const partBytes = page < 2 ? pageBytes : slotBytes - 2 * pageBytes;
  return page * pageBytes * slots + slot * partBytes + offset - page * pageBytes;
};
/** How many times as much is tried: `JOURNAL_THOROUGHNESS=10 npm test -- test/refresh/journal`. */
const thoroughness = Number(process.env['JOURNAL_THOROUGHNESS'] ?? 1);
const bodies: Record<string, string> = {
  'token-0': 'zero',
  'token-1': 'one',
  'token-2': 'sent',
  'token-3': 'x'.repeat(20_000),
  'token-4': 'y'.repeat(100_000),
};

/** A journal with entries of every kind, one after the other from the start of the file. */
async function writtenJournal(): Promise<string> {
  const directory = await temporaryFolder();
  const journal = await open(directory);
  for (const [tokenId, body] of Object.entries(bodies)) {
    if (body === 'sent') await send(journal, tokenId);
    else await answer(journal, tokenId, body);
  }
  await journal.release();
  return directory;
}

const copies = async (directory: string) =>
  (await readdir(directory)).filter((name) => name.startsWith('damaged-'));

async function changeByte(path: string, position: number, change: number): Promise<void> {
  const file = await openFile(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, position);
  await file.write(Buffer.from([byte[0]! ^ change]), 0, 1, position);
  await file.close();
}

describe('a damaged journal', { timeout: 120_000 }, () => {
  it('loses at most the answer whose byte was changed, and says so', async () => {
    const original = await writtenJournal();
    const scratch = await temporaryFolder();
    let run = 0;
    const places = fc.oneof(
      fc
        .tuple(fc.nat({ max: 4 }), fc.nat({ max: slotBytes - 1 }))
        .map(([slot, byte]): [string, number] => [usual, placeOf(slot, byte)]),
      // Where the heads are, as most of a slot is empty.
      fc
        .tuple(fc.nat({ max: 4 }), fc.nat({ max: 999 }), fc.constantFrom(0, 4096, 5120))
        .map(([slot, byte, part]): [string, number] => [usual, placeOf(slot, part + byte)]),
      fc.tuple(fc.constant(long), fc.nat({ max: 110_000 })),
    );
    await fc.assert(
      fc.asyncProperty(places, fc.integer({ min: 1, max: 255 }), async ([file, byte], change) => {
        const directory = join(scratch, String((run += 1)));
        await cp(original, directory, { recursive: true });
        await changeByte(join(directory, file), byte, change);

        const journal = await open(directory);
        const found = summary(journal.entries);
        await journal.release();

        const differing = Object.keys(bodies).filter((id) => found[id] !== bodies[id]);
        expect(differing.length).toBeLessThanOrEqual(1);
        if (differing.length > 0) expect(journal.damages).toHaveLength(1);
        for (const id of differing) expect([undefined, 'sent']).toContain(found[id]);
        expect(await copies(directory)).toHaveLength(journal.damages.length);
      }),
      { numRuns: 25 * thoroughness },
    );
  });

  it('names the file and the place, and keeps the bytes for a person', async () => {
    const directory = await writtenJournal();
    await changeByte(join(directory, usual), placeOf(1, 5120), 1);
    const before = await readFile(join(directory, usual));
    const warnings: string[] = [];

    const journal = await open(directory, { onWarning: (message) => warnings.push(message) });

    const [copy = ''] = await copies(directory);
    const message = `journal file ${usual}, byte ${placeOf(1, 0)}: the answer is incomplete or damaged; its bytes are kept in ${copy}`;
    expect(journal.damages).toEqual([{ file: usual, offset: placeOf(1, 0), message }]);
    expect(warnings).toEqual([message]);
    const kept = await readFile(join(directory, copy));
    const parts = [0, pageBytes, 2 * pageBytes, slotBytes];
    const slot = parts.slice(1).map((end, index) => {
      const begin = parts[index]!;
      return before.subarray(placeOf(1, begin), placeOf(1, begin) + end - begin);
    });
    expect(kept.equals(Buffer.concat(slot))).toBe(true);
    expect(summary(journal.entries)).toEqual({ ...bodies, 'token-1': 'sent' });
  });

  it('reports damage once, and uses the place again', async () => {
    const directory = await writtenJournal();
    await changeByte(join(directory, usual), placeOf(1, 5120), 1);
    await changeByte(join(directory, usual), placeOf(2, 20), 1);
    await changeByte(join(directory, usual), placeOf(3, 20), 1);
    const first = await open(directory);
    expect(first.damages).toHaveLength(3);
    await first.release();

    const second = await open(directory);
    expect(second.damages).toEqual([]);
    const rest = Object.fromEntries(Object.entries(bodies).filter(([id]) => id !== 'token-2'));
    expect(summary(second.entries)).toEqual({ ...rest, 'token-1': 'sent' });
    await send(second, 'token-5');
    await second.release();

    expect(summary((await open(directory)).entries)).toEqual({
      ...rest,
      'token-1': 'sent',
      'token-5': 'sent',
    });
    expect(await copies(directory)).toHaveLength(3);
  });

  it('cut off anywhere gives back what is whole before the cut, and works again', async () => {
    const original = await writtenJournal();
    const scratch = await temporaryFolder();
    let run = 0;
    const cuts = fc
      .tuple(fc.nat({ max: 4 }), fc.nat({ max: slotBytes - 1 }))
      .map(([slot, byte]) => placeOf(slot, byte));
    await fc.assert(
      fc.asyncProperty(cuts, async (length) => {
        const directory = join(scratch, String((run += 1)));
        await cp(original, directory, { recursive: true });
        await truncate(join(directory, usual), length);

        const journal = await open(directory);
        const found = summary(journal.entries);
        await send(journal, 'token-5');
        await journal.release();

        Object.entries(bodies).forEach(([id, body], index) => {
          const answerEnd = placeOf(index, body.length > 3_000 ? slotBytes - 1 : 2 * pageBytes - 1);
          // The long one is in another file.
          if (id === 'token-4' || answerEnd < length) expect(found[id]).toBe(body);
          else if (placeOf(index, pageBytes - 1) < length)
            expect([body, 'sent']).toContain(found[id]);
        });
        expect(journal.damages[0]).toMatchObject({ file: usual, offset: length });
        const again = await open(directory);
        expect(again.damages).toEqual([]);
        expect(summary(again.entries)).toEqual({ ...found, 'token-5': 'sent' });
        await again.release();
      }),
      {
        numRuns: 12 * thoroughness,
        examples: [[0], [1], [pageBytes], [placeOf(1, 4096)], [placeOf(1, 5200)]],
      },
    );
  });

  it('keeps its id when the file with it is damaged and an entry remembers it', async () => {
    const directory = await writtenJournal();
    const before = await open(directory);
    await before.release();
    await changeByte(join(directory, 'journal.id'), 3, 1);

    expect((await open(directory)).id).toBe(before.id);
  });

  it('says that its id was lost when nothing remembers it', async () => {
    const directory = await temporaryFolder();
    const before = await open(directory);
    await before.release();
    await writeFile(join(directory, 'journal.id'), '');
    const warnings: string[] = [];

    const after = await open(directory, { onWarning: (message) => warnings.push(message) });

    expect(after.id).not.toBe(before.id);
    expect(warnings).toEqual([
      `the id of the journal in ${directory} was lost, it is ${after.id} now; claims under the former id wait for: journal abandon`,
    ]);
  });

  it('leaves alone what a newer version wrote', async () => {
    const directory = await writtenJournal();
    await writeFile(join(directory, 'slots-v3-usual-000000001'), 'of another layout');

    expect(await tryOpen(directory)).toMatchObject({
      ok: false,
      problem: { reason: 'newer_format' },
    });
    expect(await readFile(join(directory, 'slots-v3-usual-000000001'), 'utf8')).toBe(
      'of another layout',
    );
  });

  it('deletes what a crash left half written', async () => {
    const directory = await writtenJournal();
    await writeFile(join(directory, 'slots-v2-usual-000000002.new'), 'half');

    expect(summary((await open(directory)).entries)).toEqual(bodies);
    expect(await readdir(directory)).not.toContain('slots-v2-usual-000000002.new');
  });
});
