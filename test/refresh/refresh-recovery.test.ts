import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openJournal } from '../../src/refresh/journal/open-journal.js';
import { parseJournalKey } from '../../src/refresh/journal/journal-key.js';
import { claimTokens } from '../../src/store/claims.js';
import { compose, openRealJournal } from './die-before-storing.js';
import { startRefreshWorld } from './refresh-world.js';
import type { RefreshWorld } from './refresh-world.js';

let world: RefreshWorld;

afterEach(() => world.stop());

async function refreshTokenOf(id: string): Promise<string> {
  const [row] = await world.database.query<{ refresh_token: string }>(
    'SELECT refresh_token FROM fathom_integrations WHERE id = $1',
    [id],
  );
  return row?.refresh_token ?? '';
}

/** Asks the server as an exporter would; the answer as it would be journalled. */
async function ask(refreshToken: string) {
  const { server } = world;
  const response = await fetch(server.tokenEndpoint, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: server.clientId,
      client_secret: server.clientSecret,
    }),
  });
  const body = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: { 'content-type': 'application/json' }, body };
}

async function memoryOf(id: string) {
  const [row] = await world.database.query<{ claimed: boolean; same: boolean; events: string[] }>(
    `SELECT t.claimed_by IS NOT NULL AS claimed, t.expires_at = date_trunc('milliseconds', f.token_expires_at) AS same,
            ARRAY(SELECT event FROM oauth_token_exporter.ledger l
                  WHERE l.token_id = t.token_id AND event <> 'first_seen' ORDER BY l.id) AS events
     FROM oauth_token_exporter.tokens t JOIN fathom_integrations f ON f.id::text = t.token_id
     WHERE t.token_id = $1`,
    [id],
  );
  return row;
}

/** One due token, claimed by an exporter that then writes its journal as the test says and dies. */
async function claimAndDie(
  write: (
    journal: Awaited<ReturnType<typeof compose>>['journal'],
    id: string,
    refreshToken: string,
  ) => Promise<void>,
): Promise<string> {
  world = await startRefreshWorld();
  const [id = ''] = await world.addTokens(1, '-1 hour');
  const first = await compose(world, openRealJournal);
  expect(await first.claimDue()).toHaveLength(1);
  await write(first.journal, id, await refreshTokenOf(id));
  await first.die();
  return id;
}

async function startAgain() {
  const second = await compose(world, openRealJournal);
  await second.recover();
  await second.die();
}

async function recordSent(
  journal: Awaited<ReturnType<typeof compose>>['journal'],
  tokenId: string,
  refreshToken: string,
): Promise<string> {
  const sent = await journal.recordSent(
    [{ provider: 'fathom', tokenId, refreshToken }],
    new Date(),
  );
  return sent.ok ? (sent.entryIds[0] ?? '') : '';
}

describe('starting after a crash', () => {
  it('gives back a claim for which nothing was sent', async () => {
    const id = await claimAndDie(() => Promise.resolve());
    await startAgain();
    expect(await memoryOf(id)).toMatchObject({ claimed: false, events: [] });
    expect(world.server.counts().refreshes).toBe(0);
  });

  it('sends once more what never reached the server, though it is no longer due', async () => {
    const id = await claimAndDie(async (journal, tokenId, used) => {
      await recordSent(journal, tokenId, used);
    });
    await world.database.query(
      `UPDATE fathom_integrations SET token_expires_at = now() + interval '20 hours'`,
    );
    await startAgain();
    expect(world.server.counts()).toMatchObject({ refreshes: 1, replays: 0 });
    expect(await memoryOf(id)).toMatchObject({ claimed: false, same: true });
    expect(await world.livingGrants()).toBe(1);
  });

  it('stores an answer, also when the request was repeated after an earlier crash', async () => {
    const id = await claimAndDie(async (journal, tokenId, used) => {
      await recordSent(journal, tokenId, used);
      const repeated = await recordSent(journal, tokenId, used);
      await journal.recordAnswer(repeated, await ask(used), new Date());
    });
    await startAgain();
    expect(world.server.counts()).toMatchObject({ refreshes: 1, replays: 0 });
    expect(await world.livingGrants()).toBe(1);
    expect(await memoryOf(id)).toEqual({ claimed: false, same: true, events: ['recovered'] });
    await startAgain();
    expect(world.server.counts()).toMatchObject({ refreshes: 1, replays: 0 });
  });

  it('knows its own token in the row again, with the expiry that stands there', async () => {
    const id = await claimAndDie(async (journal, tokenId, used) => {
      const entry = await recordSent(journal, tokenId, used);
      const answer = await ask(used);
      await journal.recordAnswer(entry, answer, new Date());
      const tokens = JSON.parse(answer.body.toString()) as Record<string, string>;
      await world.database.query(
        `UPDATE fathom_integrations SET access_token = $1, refresh_token = $2,
           token_expires_at = now() + interval '1 day'`,
        [tokens['access_token'], tokens['refresh_token']],
      );
    });
    await startAgain();
    expect(await memoryOf(id)).toEqual({ claimed: false, same: true, events: ['recovered'] });
    expect(await world.livingGrants()).toBe(1);
  });

  it('keeps the tokens of a user who authorized again meanwhile', async () => {
    const id = await claimAndDie(async (journal, tokenId, used) => {
      const entry = await recordSent(journal, tokenId, used);
      await journal.recordAnswer(entry, await ask(used), new Date());
      await world.reauthorize(tokenId, '1 day');
    });
    const theirs = await refreshTokenOf(id);
    await startAgain();
    expect(await refreshTokenOf(id)).toBe(theirs);
    expect(await memoryOf(id)).toMatchObject({ claimed: false, events: ['superseded'] });
  });

  it('writes nothing into a row whose token was cleared', async () => {
    const id = await claimAndDie(async (journal, tokenId, used) => {
      const entry = await recordSent(journal, tokenId, used);
      await journal.recordAnswer(entry, await ask(used), new Date());
      await world.database.query(`UPDATE fathom_integrations SET refresh_token = ''`);
    });
    await startAgain();
    expect(await refreshTokenOf(id)).toBe('');
    expect(await memoryOf(id)).toMatchObject({ claimed: false });
  });

  it('keeps its claims while it lacks the key to its journal', async () => {
    const id = await claimAndDie(async (journal, tokenId, used) => {
      const entry = await recordSent(journal, tokenId, used);
      await journal.recordAnswer(entry, await ask(used), new Date());
    });
    const other = parseJournalKey(Buffer.alloc(32, 7).toString('base64'), 'a test key');
    if (!other.ok) throw new Error('no key');
    const folder = join(world.directory, 'journal');
    await rename(join(folder, 'journal.key'), join(world.directory, 'key'));
    const withoutKey = await compose(world, async () => {
      const opened = await openJournal({
        directory: folder,
        key: other.key,
        oldKeys: [],
        onWarning: () => undefined,
      });
      if (!opened.ok) throw new Error(opened.problem.message);
      return opened;
    });
    await withoutKey.recover();
    await withoutKey.die();
    expect(await memoryOf(id)).toMatchObject({ claimed: true });
    await rename(join(world.directory, 'key'), join(folder, 'journal.key'));
    await startAgain();
    expect(await memoryOf(id)).toMatchObject({ claimed: false, events: ['recovered'] });
    expect(await world.livingGrants()).toBe(1);
  });
});

describe('a claim whose commit was not heard of', () => {
  it('is given back by the next one, and only by the journal that took it', async () => {
    world = await startRefreshWorld();
    const [id = ''] = await world.addTokens(1, '-1 hour');
    const exporter = await compose(world, openRealJournal);
    const [unheard] = await exporter.claimDue();
    const claimedAt = new Date(unheard?.claimedAtMs ?? 0);
    const again = (uncertain: readonly { tokenIds: string[]; claimedAt: Date }[]) =>
      claimTokens(exporter.pool, {
        provider: 'fathom',
        journalId: exporter.journal.id,
        rateLimit: { requests: 1_000, perMs: 1 },
        observedAt: new Date(),
        uncertain,
        decide: ({ breaker }) => ({ tokenIds: [id], limit: 1, breaker }),
      });
    expect((await again([])).claimed).toEqual([]);
    const earlier = new Date(claimedAt.getTime() - 1);
    expect((await again([{ tokenIds: [id], claimedAt: earlier }])).claimed).toEqual([]);
    expect((await again([{ tokenIds: [id], claimedAt }])).claimed).toHaveLength(1);
    await exporter.die();
  });
});
