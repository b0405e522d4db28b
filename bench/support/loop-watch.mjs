/**
 * Loaded with `node --import` into a process that is measured: answers over IPC with how long its
 * event loop was blocked since it was asked last, in milliseconds, and how much memory it holds.
 *
 * Blocked by the clock is what counts, but on a busy machine it holds the time in which others had
 * the processor. So the processor time of the main thread between two turns is told too.
 */
import { openSync, readSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setInterval } from 'node:timers';

const resolutionMs = 1;
const delays = monitorEventLoopDelay({ resolution: resolutionMs });
delays.enable();
const toMs = (ns) => Math.max(0, ns / 1e6 - resolutionMs);

const schedule = openSync(`/proc/self/task/${process.pid}/schedstat`);
const text = Buffer.alloc(64);
/** Nanoseconds for which the main thread had a processor. */
const processorNs = () =>
  Number(text.toString('latin1', 0, readSync(schedule, text, 0, 64, 0)).split(' ')[0]);
let longestNs = 0;
let lastNs = processorNs();
setInterval(() => {
  const nowNs = processorNs();
  longestNs = Math.max(longestNs, nowNs - lastNs);
  lastNs = nowNs;
}, resolutionMs).unref();

process.on('message', () => {
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send?.({
    maxMs: toMs(delays.max),
    p99Ms: toMs(delays.percentile(99)),
    processorMs: longestNs / 1e6,
    rss,
    heapUsed,
    external,
  });
  delays.reset();
  longestNs = 0;
});
// Being measured keeps no process alive.
process.channel?.unref();
