import { environmentVariables } from '../config/environment.js';
import { parseListenAddress } from '../config/listen-address.js';
import { formatBanner, formatDemoMessage } from '../demo/banner.js';
import { startDemoWorld } from '../demo/demo-world.js';
import type { CommandContext } from './command-context.js';
import type { ExitCode } from './exit-code.js';
import { runApp } from './serve.js';

/** `demo`: the exporter on an embedded database with an invented incident. */
export async function demo(context: CommandContext): Promise<ExitCode> {
  const world = await startDemoWorld({
    onMessage: (text) => {
      context.stdout.write(formatDemoMessage(text));
    },
  });
  try {
    // Nothing that configures a real exporter may reach into the demo.
    const { PATH, LISTEN_ADDRESS, POLL_INTERVAL, LOG_LEVEL } = context.env;
    const env = {
      PATH,
      LISTEN_ADDRESS,
      POLL_INTERVAL: POLL_INTERVAL ?? '5s',
      LOG_LEVEL,
      PUBLIC_URL: pageOf(LISTEN_ADDRESS),
      ...world.env,
    };
    return await runApp({ ...context, env }, { version: context.version, demo: true }, (app) => {
      context.stdout.write(
        formatBanner({
          listenUrl: app.url,
          databaseUrl: world.url,
          slackUrl: world.slackUrl,
          adminToken: world.adminToken,
        }),
      );
    });
  } finally {
    await world.stop();
  }
}

/** Where the overview will be; a port that the system picks is not known yet. */
function pageOf(
  listenAddress: string = environmentVariables.LISTEN_ADDRESS.default,
): string | undefined {
  const address = parseListenAddress(listenAddress);
  return address === null || address.port === 0
    ? undefined
    : `http://127.0.0.1:${String(address.port)}/`;
}
