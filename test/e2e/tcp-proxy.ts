import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A stretch of network in front of a server, which a test can break and mend. */
export interface TcpProxy {
  /** The same URL, of any user and database, through the proxy. */
  through(url: string): string;
  /** Ends every connection and refuses new ones: the server is down. */
  cut(): Promise<void>;
  /** Carries nothing any more, and tells nobody: a firewall that drops packets. */
  hang(): void;
  /** Carries again what comes. Connections that hung until now are ended. */
  restore(): Promise<void>;
  /** Bytes for the server that the proxy holds back. */
  heldBack(): number;
  stop(): Promise<void>;
}

export async function startTcpProxy(targetUrl: string): Promise<TcpProxy> {
  const target = new URL(targetUrl);
  const sockets = new Set<Socket>();
  let hanging = false;
  let held = 0;
  const end = () => {
    for (const socket of sockets) socket.destroy();
  };

  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => undefined);
      from.on('data', (data: Buffer) => {
        if (!hanging) to.write(data);
        else if (from === client) held += data.length;
      });
      from.once('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    end();
    await closed;
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;

  return {
    through(url) {
      const proxied = new URL(url);
      proxied.port = String(port);
      return proxied.href;
    },
    cut: close,
    hang() {
      hanging = true;
    },
    async restore() {
      hanging = false;
      held = 0;
      end();
      if (!server.listening) await listen(port);
    },
    heldBack: () => held,
    async stop() {
      if (server.listening) await close();
    },
  };
}
