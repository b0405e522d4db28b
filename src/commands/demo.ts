import { formatBanner } from '../demo/banner.js';
import { startDemoWorld } from '../demo/demo-world.js';
import type { CommandContext } from './command-context.js';
import type { ExitCode } from './exit-code.js';
import { runApp } from './serve.js';

/** `demo`: the exporter on an embedded database with an invented incident. */
export async function demo(context: CommandContext): Promise<ExitCode> {
  const world = await startDemoWorld();
  try {
    // Nothing that configures a real exporter may reach into the demo.
    const { PATH, LISTEN_ADDRESS, POLL_INTERVAL, LOG_LEVEL } = context.env;
    const env = {
      PATH,
      LISTEN_ADDRESS,
      POLL_INTERVAL: POLL_INTERVAL ?? '5s',
      LOG_LEVEL,
      ...world.env,
    };
    return await runApp({ ...context, env }, { version: context.version, demo: true }, (app) => {
      context.stdout.write(formatBanner({ listenUrl: app.url, databaseUrl: world.url }));
    });
  } finally {
    await world.stop();
  }
}
