import { fileURLToPath } from 'node:url';
import { formatBanner } from '../demo/banner.js';
import { startDemoWorld, worldFolder } from '../demo/demo-world.js';
import type { CommandContext } from './command-context.js';
import type { ExitCode } from './exit-code.js';
import { runApp } from './serve.js';

/** `demo`: the exporter on an embedded database with an invented incident. */
export async function demo(context: CommandContext): Promise<ExitCode> {
  const world = await startDemoWorld();
  try {
    const env = {
      ...context.env,
      DATABASE_URL: world.url,
      DATABASE_URL_FILE: '',
      DATABASE_CA: '',
      DATABASE_CA_FILE: '',
      CONFIG_FILE: fileURLToPath(new URL('demo.yaml', worldFolder)),
    };
    return await runApp({ ...context, env }, { version: context.version, demo: true }, (app) => {
      context.stdout.write(formatBanner({ listenUrl: app.url, databaseUrl: world.url }));
    });
  } finally {
    await world.stop();
  }
}
