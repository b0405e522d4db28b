/** Renders so many gauges with prom-client when told to, for comparison; says so on its output. */
import { setInterval } from 'node:timers';
import { Gauge, Registry } from 'prom-client';

const registry = new Registry();
const gauge = new Gauge({
  name: 'oauth_token_expiration_timestamp_seconds',
  help: 'Expiration of the access token.',
  labelNames: ['provider', 'token_id'],
  registers: [registry],
});
for (let n = 0; n < Number(process.argv[2]); n += 1) {
  gauge.set({ provider: 'fathom', token_id: `00000000-0000-4000-8000-${n}` }, 1_764_000_000 + n);
}
console.log('ready');
setInterval(async () => {
  await registry.metrics();
  console.log('rendered');
}, 1_000);
