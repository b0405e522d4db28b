import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to a server on 127.0.0.1 that a test can make fall silent without closing anything. */
export interface TcpProxy {
  readonly port: number;
  /** From now on nothing passes either way; new connections are accepted and get no answer. */
  fallSilent(): void;
  /** Connections that were made in the silence and still wait for a first word. */
  unanswered(): readonly object[];
  /** New connections pass again; those that met silence stay silent. */
  speakAgain(): void;
  stop(): Promise<void>;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const unanswered = new Set<Socket>();
  let silent = false;
  const server = createServer((client) => {
    sockets.add(client);
    client.on('error', () => undefined);
    if (silent) {
      unanswered.add(client);
      // Who does not read does not hear that the other side has gone.
      client.resume().on('close', () => unanswered.delete(client));
      return;
    }
    const upstream = connect(targetPort, '127.0.0.1');
    sockets.add(upstream);
    upstream.on('error', () => client.destroy());
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    client.pipe(upstream).pipe(client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    fallSilent() {
      silent = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    unanswered() {
      return [...unanswered];
    },
    speakAgain() {
      silent = false;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
