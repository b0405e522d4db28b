import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startMailServer } from '../support/mail-server.js';
import type { MailServer } from '../support/mail-server.js';
import { startCli } from '../support/process.js';
import { until } from '../support/until.js';
import { startRemedyWorld } from './remedy-world.js';
import type { RemedyWorld } from './remedy-world.js';

let world: RemedyWorld;
let mail: MailServer;
let ids: string[];

beforeAll(async () => {
  world = await startRemedyWorld();
});
afterAll(() => world.stop());
beforeEach(async () => {
  mail = await startMailServer();
  ids = await world.addTokens(4, '-1 hour');
  await world.kill(ids);
  for (const [index, id] of ids.entries()) {
    await world.addProfile(id, `user-${String(index)}@example.com`, `Name ${String(index)}`);
  }
});
afterEach(async () => {
  await mail.stop();
  await world.database.query(
    `DELETE FROM fathom_integrations; DELETE FROM profiles;
     DELETE FROM oauth_token_exporter.tokens; DELETE FROM oauth_token_exporter.ledger;
     DELETE FROM oauth_token_exporter.reconnect_mails`,
  );
});

const env = () => ({ CONFIG_FILE: 'test/commands/fixtures/mail.yaml', SMTP_URL: mail.url });
const notify = (args = '--yes') => world.cli(`reconnect --notify ${args}`, env());
const recipients = () => mail.received.flatMap(({ to }) => to).sort();
const everybody = [0, 1, 2, 3].map((index) => `user-${String(index)}@example.com`);

async function outcomes() {
  const rows = await world.database.query<{ outcome: string | null }>(
    'SELECT outcome FROM oauth_token_exporter.reconnect_mails',
  );
  return rows.map(({ outcome }) => outcome).sort();
}

describe('reconnect --notify', () => {
  it('shows whom it would write to, and writes to nobody without --yes', async () => {
    const { code, stdout, stderr } = await notify('--accounts full');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/user-0@example\.com +write/);
    expect(stdout).toMatch(
      /would write to 4, pass over 0\nnobody was written to; to do it: --yes\n$/,
    );
    expect(mail.received).toEqual([]);
    expect(await outcomes()).toEqual([]);
  });

  it('writes to each of them once, and to nobody again within a week unless forced', async () => {
    const first = await notify('--yes --as ada --reason incident-7');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/sent 4\n$/);
    expect(recipients()).toEqual(everybody);
    expect(await world.ledger(ids[0]!)).toEqual(['reconnect_mail by ada: incident-7 (sent)']);
    const second = await notify();
    expect(second.stdout).toMatch(
      /passed over +written to at 20.*would write to 0, pass over 4 \(--force writes again\)\n$/s,
    );
    expect(mail.received).toHaveLength(4);
    await world.database.query(
      `UPDATE oauth_token_exporter.reconnect_mails SET began_at = now() - interval '7 days 1 second'
       WHERE token_id = $1`,
      [ids[1]],
    );
    await notify();
    expect(recipients().filter((to) => to === 'user-1@example.com')).toHaveLength(2);
    expect(mail.received).toHaveLength(5);
    expect((await notify('--yes --force')).stdout).toMatch(/sent 4\n$/);
  });

  it('says in plain text and in HTML what to do and where', async () => {
    await notify();
    const raw = mail.received.find(({ to }) => to[0] === 'user-2@example.com')?.raw ?? '';
    const decoded = raw.replaceAll(/=\r\n/g, '').replaceAll('=3D', '=');
    expect(decoded).toMatch(/^From: Example team <team@example\.com>\r$/m);
    expect(decoded).toMatch(/^To: user-2@example\.com\r$/m);
    expect(decoded).toMatch(/^Subject: Please reconnect your Fathom account\r$/m);
    expect(decoded).toMatch(/^Auto-Submitted: auto-generated\r$/m);
    expect(decoded).toContain('Hello Name 2,');
    expect(decoded).toContain(
      '\r\nhttps://app.example.com/settings/integrations?from=mail&x=1\r\n',
    );
    expect(decoded).toContain(
      '<a href="https://app.example.com/settings/integrations?from=mail&#38;x=1">',
    );
  });

  it('reports a refusal by address, and goes on with the others', async () => {
    mail.refuse('user-0@example.com', 550);
    mail.refuse('user-1@example.com', 451);
    const { code, stdout } = await notify('--yes --accounts full');
    expect(code).toBe(1);
    expect(stdout).toMatch(/user-0@example\.com +refused +550 no such mailbox here/);
    expect(stdout).toMatch(/user-1@example\.com +failed +451 no such mailbox here/);
    expect(stdout).toMatch(/sent 2, 1 refused, 1 failed\n$/);
    expect(recipients()).toEqual(['user-2@example.com', 'user-3@example.com']);
    expect(await outcomes()).toEqual(['failed', 'refused', 'sent', 'sent']);
  });

  it('never repeats a mail whose last answer was lost', async () => {
    mail.dropAfterData('user-0@example.com');
    const { code, stdout } = await notify('--yes --accounts full');
    expect(code).not.toBe(0);
    expect(stdout).toMatch(/user-0@example\.com +unconfirmed/);
    const before = recipients().filter((to) => to === 'user-0@example.com');
    await notify();
    expect(before).toHaveLength(1);
    expect(recipients().filter((to) => to === 'user-0@example.com')).toEqual(before);
  });

  it('lets no table add a recipient or a header, and no name a link', async () => {
    const hostile = [
      'user@example.com\r\nBcc: victim@example.com',
      'user@example.com, victim@example.com',
      'Someone <victim@example.com>',
      '"victim@example.com"@example.com',
    ];
    for (const [index, email] of hostile.entries()) {
      await world.database.query('UPDATE profiles SET email = $2 WHERE id = $1', [
        await world.userOf(ids[index]!),
        email,
      ]);
    }
    const { stdout } = await notify();
    expect(stdout.match(/passed over +that is no address of mail/g)).toHaveLength(4);
    expect(mail.received).toEqual([]);
    await world.database.query(
      `UPDATE profiles SET email = 'user@example.com', first_name = E'https://evil.example\r\nBcc: victim@example.com'
       WHERE id = $1`,
      [await world.userOf(ids[0]!)],
    );
    await notify();
    expect(recipients()).toEqual(['user@example.com']);
    expect(mail.received[0]?.raw).not.toMatch(/evil|victim/);
    expect(mail.received[0]?.raw).toContain('Hello there,');
  });

  it('writes one mail to an address that has several tokens', async () => {
    await world.database.query('DELETE FROM profiles');
    await world.database.query(
      `UPDATE fathom_integrations SET fathom_user_email = 'Shared@example.com'`,
    );
    expect((await notify()).stdout).toMatch(/sent 1\n$/);
    expect(recipients()).toEqual(['Shared@example.com']);
    expect(await outcomes()).toEqual(['sent', 'sent', 'sent', 'sent']);
  });

  it('waits at Ctrl-C for what is on its way, begins nothing more, and can go on later', async () => {
    const held = mail.hold();
    const cli = startCli(['reconnect', '--notify', '--yes'], {
      ...(world.env as Record<string, string>),
      ...env(),
    });
    await until('three mails are on their way', () => held.waiting() === 3);
    const ended = cli.stop('SIGINT');
    held.release();
    const { code, stdout, stderr } = await ended;
    expect(code).toBe(3);
    expect(stdout).toMatch(/sent 3, 1 not begun\n$/);
    expect(stderr).toMatch(/interrupted; run it again: nobody is written to twice/);
    expect(await outcomes()).toEqual(['sent', 'sent', 'sent']);
    expect((await notify()).stdout).toMatch(/sent 1\n$/);
    expect(recipients()).toEqual(everybody);
  });

  it('writes to nobody twice after it was killed with mails on their way', async () => {
    const held = mail.hold();
    const cli = startCli(['reconnect', '--notify', '--yes'], {
      ...(world.env as Record<string, string>),
      ...env(),
    });
    await until('three mails are on their way', () => held.waiting() === 3);
    await cli.stop('SIGKILL');
    held.release();
    expect(await outcomes()).toEqual([null, null, null]);
    expect((await notify()).stdout).toMatch(/sent 1\n$/);
    expect(recipients()).toEqual(everybody);
  });

  it('of two at once, writes to each of them once', async () => {
    const runs = await Promise.all([notify(), notify()]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    expect(recipients()).toEqual(everybody);
  });

  it('says what is missing: how people are written to, the server, or one that answers', async () => {
    expect(await world.cli('reconnect --notify --yes')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/map mail, with from and reconnect_url/) as string,
    });
    expect(await world.cli('reconnect --notify --yes', { ...env(), SMTP_URL: '' })).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/set SMTP_URL, or SMTP_URL_FILE/) as string,
    });
    const nobody = { ...env(), SMTP_URL: 'smtp://someone:hunter2@127.0.0.1:1' };
    const { code, stderr, stdout } = await world.cli('reconnect --notify --yes', nobody);
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /the mail server can not be used, and nobody was written to: .*ECONNREFUSED/,
    );
    expect(stdout + stderr).not.toContain('hunter2');
    expect(await outcomes()).toEqual([]);
  });
});

describe('reconnect --verify', () => {
  it('tells who came back since they were written to, also with a new row, and who has not', async () => {
    await notify();
    await world.reauthorize(ids[0]!, '1 day');
    const user = await world.userOf(ids[1]!);
    await world.database.query('DELETE FROM fathom_integrations WHERE id = ANY($1)', [
      [ids[1], ids[2]],
    ]);
    const [fresh = ''] = await world.addTokens(1, '1 day');
    await world.database.query('UPDATE fathom_integrations SET user_id = $2 WHERE id = $1', [
      fresh,
      user,
    ]);
    await world.database.query(
      `UPDATE oauth_token_exporter.tokens SET dead_since = NULL, expiry_moved_at = now() WHERE token_id = $1`,
      [ids[0]],
    );
    const { code, stdout } = await world.cli('reconnect --verify --json');
    expect(code).toBe(1);
    const { returns } = JSON.parse(stdout) as { returns: { token_id: string; verdict: string }[] };
    expect(Object.fromEntries(returns.map(({ token_id, verdict }) => [token_id, verdict]))).toEqual(
      {
        [ids[0]!]: 'back',
        [fresh]: 'back',
        [ids[2]!]: 'gone',
        [ids[3]!]: 'not_back',
      },
    );
    expect((await world.cli('reconnect --verify')).stdout).toMatch(/2 of 4 came back\n$/);
  });

  it('looks since an instant at whoever came back, and at whoever must still', async () => {
    await world.database.query(
      `INSERT INTO oauth_token_exporter.ledger (at, provider, token_id, event, actor)
       VALUES (now(), 'fathom', $1, 'reauthorized', 'poll')`,
      [ids[0]],
    );
    await world.reauthorize(ids[0]!, '1 day');
    await world.database.query(
      'UPDATE oauth_token_exporter.tokens SET dead_since = NULL WHERE token_id = $1',
      [ids[0]],
    );
    const { code, stdout } = await world.cli('reconnect --verify --since 2025-11-27');
    expect(stdout).toMatch(/1 of 4 came back\n$/);
    expect(code).toBe(1);
    expect(await world.cli('reconnect --verify --since yesterday')).toMatchObject({ code: 2 });
  });
});
