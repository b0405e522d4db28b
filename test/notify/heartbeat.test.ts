import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHeartbeat } from '../../src/notify/heartbeat.js';
import type { Heartbeat } from '../../src/notify/heartbeat.js';
import {
  answer,
  dropConnection,
  hang,
  heldBack,
  startFaultyTokenEndpoint,
} from '../support/faulty-token-endpoint.js';
import type { FaultyTokenEndpoint } from '../support/faulty-token-endpoint.js';
import { until } from '../support/until.js';

let endpoint: FaultyTokenEndpoint;
let heartbeat: Heartbeat;
let heard: string[];
beforeEach(async () => {
  endpoint = await startFaultyTokenEndpoint(answer(200, 'OK'));
  heard = [];
  heartbeat = createHeartbeat({
    url: `${endpoint.url}/XXsecretXX`,
    onFailure: (detail, isNews) => heard.push(`${isNews ? 'news' : 'again'}: ${detail}`),
    onRecovered: () => heard.push('recovered'),
  });
});
afterEach(async () => {
  await heartbeat.stop();
  await endpoint.stop();
});

/** Beats, and waits until another can. */
async function beat(): Promise<void> {
  const before = heard.length;
  heartbeat.beat();
  await endpoint.nextRequest();
  await until('it is over', () => heard.length > before);
}

describe('a heartbeat', () => {
  it('is one GET', async () => {
    heartbeat.beat();
    const request = await endpoint.nextRequest();
    expect(request).toMatchObject({ method: 'GET', path: '/token/XXsecretXX', body: '' });
  });

  it('is left out while another is under way', async () => {
    const { behaviour, release } = heldBack(answer(500, ''));
    endpoint.behave(behaviour);
    heartbeat.beat();
    await endpoint.nextRequest();
    heartbeat.beat();
    heartbeat.beat();
    release();
    await until('the first is over', () => heard.length === 1);
    expect(endpoint.received).toHaveLength(1);
    await beat();
    expect(endpoint.received).toHaveLength(2);
  });

  it('tells of a failure each time, once as news, and when it works again', async () => {
    endpoint.behave(answer(404, 'not found'));
    await beat();
    await beat();
    endpoint.behave(dropConnection);
    await beat();
    endpoint.behave(answer(204, ''));
    await beat();
    expect(heard).toEqual([
      'news: HTTP 404; check HEARTBEAT_URL',
      'again: HTTP 404; check HEARTBEAT_URL',
      'news: the connection was closed (UND_ERR_SOCKET)',
      'recovered',
    ]);
  });

  it('does not follow a redirect', async () => {
    endpoint.behave(answer(302, '', { location: endpoint.url }));
    await beat();
    expect(endpoint.received).toHaveLength(1);
    expect(heard[0]).toContain('a redirect, which is not followed');
    expect(heard[0]).not.toContain('XXsecretXX');
  });

  it('that hangs ends with the process', async () => {
    endpoint.behave(hang);
    heartbeat.beat();
    await endpoint.nextRequest();
    await heartbeat.stop();
    expect(heard).toEqual([]);
    heartbeat.beat();
    expect(endpoint.received).toHaveLength(1);
  });
});
