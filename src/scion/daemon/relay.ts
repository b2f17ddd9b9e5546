/**
 * A Unix socket whose connections go on to an address inside a network namespace. Names in the file system know no
 * namespaces, and a gRPC client does take a path, but no socket that somebody else has opened.
 */

import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { connectInNetns } from './namespace-connection.ts';

export class Relay {
  readonly #path: string;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  private constructor(path: string, server: Server) {
    this.#path = path;
    this.#server = server;
  }

  /** @param path of the socket to make, at most 107 bytes (unix(7)) */
  static async open(path: string, netns: string, address: string, port: number): Promise<Relay> {
    const server = createServer({ allowHalfOpen: true });
    const relay = new Relay(path, server);
    server.on('connection', (near) => relay.#join(near, connectInNetns(netns, address, port)));
    server.listen(path);
    await once(server, 'listening');
    server.unref();
    return relay;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
    rmSync(this.#path, { force: true });
  }

  /** When either side fails, the other is closed, which is all that a client of TCP can expect to learn. */
  #join(near: Socket, far: Socket): void {
    for (const socket of [near, far]) {
      this.#open.add(socket);
      socket.on('close', () => this.#open.delete(socket));
    }
    pipeline(near, far, () => near.destroy());
    pipeline(far, near, () => far.destroy());
  }
}
