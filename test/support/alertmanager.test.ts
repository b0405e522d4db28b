import { expect, it } from 'vitest';
import { amtool, startAlertmanager } from './alertmanager.js';
import { describeWith } from './describe-with.js';

describeWith('alertmanager', 'Alertmanager', () => {
  it('says why it did not start', async () => {
    await expect(startAlertmanager('/no/such/file.yml')).rejects.toThrow('/no/such/file.yml');
  });

  it('comes with amtool', async () => {
    expect(await amtool(['check-config', '/no/such/file.yml'])).toMatchObject({ code: 1 });
  });
});
