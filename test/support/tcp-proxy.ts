// A proxy that stands between two programs and cuts their connections, in the middle of an answer when it is asked to.

import { connect, createServer, type Socket } from 'node:net';
import { freePort } from '../../scripts/services/ports.ts';

/**
 * Asked about each piece of an answer: how many of its bytes still go through before the connection is cut; null lets
 * all of it through.
 */
export type Cut = (bytes: number) => number | null;

export interface TcpProxy {
  port: number;
  /** connections cut so far */
  readonly cuts: number;
  /** From now on answers are cut as `cut` says; null: not at all. */
  cutBy(cut: Cut | null): void;
  /** Cuts every connection that is open, as it stands. */
  cutAll(): void;
  stop(): Promise<void>;
}

/** Listens on 127.0.0.1 and hands everything on to `targetPort`. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const open = new Set<Socket>();
  const port = await freePort();
  let rule: Cut | null = null;
  let cuts = 0;
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: targetPort, host: '127.0.0.1', noDelay: true });
    const both = [near, far];
    const end = () => {
      for (const socket of both) {
        open.delete(socket);
        socket.destroy();
      }
    };
    for (const socket of both) {
      open.add(socket);
      socket.on('error', end).on('close', end);
    }
    near.on('data', (piece: Buffer) => far.write(piece));
    far.on('data', (piece: Buffer) => {
      const through = rule?.(piece.length) ?? null;
      if (through === null) {
        near.write(piece);
        return;
      }
      cuts += 1;
      far.destroy();
      near.write(piece.subarray(0, through), end);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port,
    get cuts() {
      return cuts;
    },
    cutBy(cut) {
      rule = cut;
    },
    cutAll() {
      cuts += open.size / 2;
      for (const socket of open) socket.destroy();
    },
    async stop() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
