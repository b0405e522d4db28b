import { describe, expect, it } from 'vitest';
import { openAdminDoor } from '../../src/publish/admin-door.js';
import { configOf } from '../refresh/refresh-world.js';

const adminToken = 'planted-admin-token-0123456789';

function doorOf(env: NodeJS.ProcessEnv = {}) {
  const url = 'postgresql://user@localhost/app';
  const door = openAdminDoor(
    configOf({ DATABASE_URL: url, ADMIN_TOKEN: adminToken, ...env }),
    () => 0,
  );
  if (door === null) throw new Error('there is no door');
  return door;
}

describe('the names that an exporter goes by', () => {
  it.each([
    'localhost',
    'LOCALHOST:6749',
    '127.0.0.1:6749',
    '10.1.2.3',
    '[::1]:6749',
    '[2001:db8::1]',
    'tokens.example',
    'exporter-1.listen.example:80',
    'Exporter.monitoring.svc:6749',
    'other.example',
  ])('are its own: %s', (host) => {
    const door = doorOf({
      PUBLIC_URL: 'https://tokens.example/status',
      LISTEN_ADDRESS: 'exporter-1.listen.example:6749',
      ADMIN_HOSTS: 'exporter.monitoring.svc, OTHER.example',
    });
    expect(door.refuseHost(host)).toBeNull();
  });

  it.each([
    ['a name of somebody else', 'evil.example'],
    ['one that only begins like ours', 'localhost.evil.example'],
    ['one that only ends like ours', 'evil-localhost'],
    ['a name with the dot of its root', 'localhost.'],
    ['what looks like an address', '127.0.0.1.evil.example'],
    ['an address of another notation', '0x7f.1'],
    ['a user before the name', 'evil@localhost'],
    ['a port that is none', 'localhost:x'],
    ['nothing', ''],
    ['no header', undefined],
  ])('are not %s', (_, host) => {
    expect(doorOf().refuseHost(host)).toContain('add it to ADMIN_HOSTS');
  });

  it('are told in a refusal, shortened and quoted', () => {
    const text = doorOf().refuseHost(`<script>"${'x'.repeat(1_000)}`) ?? '';
    expect(text).toContain(String.raw`"<script>\"xxx`);
    expect(text.length).toBeLessThan(300);
  });
});

describe('the origins of its own pages', () => {
  it.each([
    ['the host that was asked', 'http://127.0.0.1:6749', '127.0.0.1:6749', true],
    ['the same behind TLS', 'https://tokens.example', 'Tokens.example', true],
    [
      'the public address, whatever the proxy asked',
      'https://public.example',
      '10.0.0.1:6749',
      true,
    ],
    ['another port', 'http://127.0.0.1:3000', '127.0.0.1:6749', false],
    ['another host', 'https://evil.example', 'tokens.example', false],
    ['the public host without TLS', 'http://public.example', '10.0.0.1', false],
    ['a hidden one', 'null', 'tokens.example', false],
    ['a hidden one where no host is told', 'null', undefined, false],
    ['an extension', 'chrome-extension://tokens.example', 'tokens.example', false],
  ])('are, or are not, %s', (_, origin, host, isOurs) => {
    const door = doorOf({ PUBLIC_URL: 'https://public.example/status' });
    expect(door.isOwnOrigin(origin, host)).toBe(isOurs);
  });
});

describe('the door', () => {
  it('is not there without an ADMIN_TOKEN', () => {
    const config = configOf({ DATABASE_URL: 'postgresql://user@localhost/app' });
    expect(openAdminDoor(config, () => 0)).toBeNull();
  });
});
