import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';
import { findProgram } from './system-servers.js';

/** Starts the Chromium of this machine, without a window and without talking to anybody. */
export async function startChromium(): Promise<Browser> {
  const executablePath = findProgram('chromium');
  if (executablePath === null) throw new Error('chromium is not here');
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
