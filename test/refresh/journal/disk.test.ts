import { execFileSync } from 'node:child_process';
import { readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  answer,
  answerWith,
  at,
  open,
  send,
  summary,
  temporaryFolder,
  tryOpen,
} from './journal-folder.js';

const mountable = canMount();
const withMounts = mountable ? '' : ' (SKIPPED: needs root and the right to mount a tmpfs)';

function canMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A file system of its own, in memory. */
async function mountSmallDisk(size: string): Promise<string> {
  const folder = await temporaryFolder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'none', folder]);
  onTestFinished(() => {
    execFileSync('umount', ['-l', folder]);
  });
  return folder;
}

async function fillUp(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  await writeFile(join(folder, 'filler'), Buffer.alloc(bavail * bsize));
  expect((await statfs(folder)).bavail).toBe(0);
}

describe('a journal directory', () => {
  it('is made, with the folder it is in', async () => {
    const directory = join(await temporaryFolder(), 'data', 'journal');
    await send(await open(directory), 'token-1');
    expect(await readdir(directory)).toContain('lock');
  });

  it('is not made where more is missing: perhaps a volume is not mounted', async () => {
    const directory = join(await temporaryFolder(), 'mount', 'data', 'journal');
    expect(await tryOpen(directory)).toEqual({
      ok: false,
      problem: {
        reason: 'missing',
        message: `the journal directory ${directory} does not exist, nor a folder to make it in`,
        remedy: 'create it or mount its volume, or point JOURNAL_DIR to a folder that persists',
      },
    });
  });

  it('that is a file can not be used', async () => {
    const directory = join(await temporaryFolder(), 'journal');
    await writeFile(directory, '');
    expect(await tryOpen(directory)).toMatchObject({
      ok: false,
      problem: { reason: 'failed', remedy: expect.stringContaining('JOURNAL_DIR') as string },
    });
  });
});

describe('a journal that is deleted under a running process', () => {
  it('takes no new requests: they would be gone with the process', async () => {
    const directory = join(await temporaryFolder(), 'journal');
    const journal = await open(directory);
    expect(await journal.probe()).toBeNull();
    await rm(directory, { recursive: true });

    expect(await journal.probe()).toMatchObject({ reason: 'missing' });
    const request = { provider: 'fathom', tokenId: 'token-1', refreshToken: 'used' };
    expect(await journal.recordSent([request], at('10:00:00'))).toEqual({
      ok: false,
      problem: {
        reason: 'missing',
        message: `the journal in ${directory} was deleted while in use`,
        remedy: 'restart the exporter, which makes a new one, and leave its files alone',
      },
    });
  });
});

describe.runIf(mountable)(`a journal on a disk that is read-only${withMounts}`, () => {
  it('says so', async () => {
    const disk = await mountSmallDisk('8m');
    const directory = join(disk, 'journal');
    const problem = {
      reason: 'read_only',
      message: `the journal in ${directory} can't be written (EROFS)`,
      remedy: 'make the directory and its files writable and owned by the user of this process',
    };
    const journal = await open(directory);
    await answer(journal, 'token-1', 'a');
    await journal.probe();
    await journal.release();
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    expect(await tryOpen(directory)).toEqual({ ok: false, problem });

    execFileSync('mount', ['-o', 'remount,rw', disk]);
    await rm(directory, { recursive: true });
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    expect(await tryOpen(directory)).toEqual({ ok: false, problem });
  });
});

describe.runIf(mountable)(`a journal on a full disk${withMounts}`, () => {
  const full = (directory: string) => ({
    reason: 'full',
    message: `no room for the journal in ${directory} (ENOSPC)`,
    remedy: 'free some disk space or raise the quota: a few megabytes are enough',
  });

  it('is not begun', async () => {
    const disk = await mountSmallDisk('1m');
    const directory = join(disk, 'journal');

    expect(await tryOpen(directory)).toEqual({ ok: false, problem: full(directory) });

    execFileSync('mount', ['-o', 'remount,size=8m', disk]);
    expect((await open(directory)).entries).toEqual([]);
  });

  it('lets no request leave without room for its answer, and takes the answers of those that did', async () => {
    const disk = await mountSmallDisk('8m');
    const directory = join(disk, 'journal');
    const first = await open(directory);
    await fillUp(disk);

    // The room that was set aside holds 128 requests.
    const ids = Array.from({ length: 128 }, (_, index) => `token-${index}`);
    const entryIds = await Promise.all(ids.map((id) => send(first, id)));
    const request = { provider: 'fathom', tokenId: 'token-128', refreshToken: 'used' };
    expect(await first.recordSent([request], at('10:00:00'))).toEqual({
      ok: false,
      problem: full(directory),
    });

    const body = 'x'.repeat(26 * 1024);
    const bodies = ids.map((_, index) => (index === 7 ? 'y'.repeat(1024 * 1024) : body));
    const recorded = entryIds.map((entryId, index) =>
      first.recordAnswer(entryId, answerWith(bodies[index]!), at('10:00:01')),
    );
    expect(new Set((await Promise.all(recorded)).map(({ ok }) => ok))).toEqual(new Set([true]));
    await first.release();

    const second = await open(directory);
    const expected = Object.fromEntries(ids.map((id, index) => [id, bodies[index]]));
    expect(summary(second.entries)).toEqual(expected);
  });

  it('works again as soon as entries are forgotten', async () => {
    const disk = await mountSmallDisk('8m');
    const directory = join(disk, 'journal');
    const journal = await open(directory);
    await fillUp(disk);
    expect(await journal.probe()).toBeNull();
    const requests = Array.from({ length: 128 }, (_, index) => ({
      provider: 'fathom',
      tokenId: `token-${index}`,
      refreshToken: 'used',
    }));
    const batch = await journal.recordSent(requests, at('10:00:00'));
    expect(await journal.recordSent(requests.slice(0, 1), at('10:00:00'))).toMatchObject({
      ok: false,
    });
    expect(await journal.probe()).toEqual(full(directory));

    if (batch.ok) batch.entryIds.forEach(journal.forget);
    await expect.poll(() => journal.probe()).toBeNull();
    await expect
      .poll(() => journal.recordSent(requests, at('10:00:00')))
      .toMatchObject({ ok: true });
  });

  it('takes no second long answer while the first has the room for it, and says so', async () => {
    const disk = await mountSmallDisk('8m');
    const directory = join(disk, 'journal');
    const journal = await open(directory);
    const [first, second] = [await send(journal, 'token-1'), await send(journal, 'token-2')];
    await fillUp(disk);
    const long = answerWith('x'.repeat(100_000));

    expect(await journal.recordAnswer(first, long, at('10:00:01'))).toEqual({ ok: true });
    expect(await journal.recordAnswer(second, long, at('10:00:01'))).toEqual({
      ok: false,
      problem: full(directory),
    });
    const request = { provider: 'fathom', tokenId: 'token-3', refreshToken: 'used' };
    expect(await journal.recordSent([request], at('10:00:00'))).toMatchObject({
      ok: false,
      problem: { reason: 'full' },
    });

    await rm(join(disk, 'filler'));
    expect(await journal.recordAnswer(second, long, at('10:00:02'))).toEqual({ ok: true });
  });

  it('keeps damaged bytes where they are when there is no room for a copy', async () => {
    const disk = await mountSmallDisk('8m');
    const directory = join(disk, 'journal');
    const first = await open(directory);
    await answer(first, 'token-1', 'a');
    await answer(first, 'token-2', 'b');
    await first.release();
    execFileSync('dd', [
      'if=/dev/urandom',
      `of=${join(directory, 'slots-v2-usual-000000001')}`,
      'bs=20',
      'count=1',
      'conv=notrunc',
      'status=none',
    ]);
    await fillUp(disk);

    const second = await open(directory);
    expect(second.damages[0]?.message).toContain('it stays there, as it could not be copied');
    expect(summary(second.entries)).toEqual({ 'token-1': 'a', 'token-2': 'b' });
    await second.release();

    await rm(join(disk, 'filler'));
    const third = await open(directory);
    expect(third.damages[0]?.message).toContain('its bytes are kept in damaged-slots-v2-usual');
    expect(summary(third.entries)).toEqual({ 'token-1': 'a', 'token-2': 'b' });
  });
});
