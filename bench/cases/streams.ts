/** Memory of 10,000 people who only watch: server-sent events, idle. */

import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { Figure } from '../measure.ts';
import { figure } from '../measure.ts';
import { idleMiB, openCampaign, startDibs } from '../servers.ts';

const WATCHERS = 10_000;

function watch(port: number, user: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', reject);
    socket.once('data', () => resolve(socket));
    socket.write(
      `GET /v1/campaigns/drop/events?userId=u${user} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n`,
    );
  });
}

export async function streams(): Promise<Figure[]> {
  const server = await startDibs({ core: null });
  const sockets: Socket[] = [];
  try {
    await openCampaign(server, 'drop', 100);
    for (let first = 0; first < WATCHERS; first += 200) {
      sockets.push(
        ...(await Promise.all(Array.from({ length: 200 }, (_, i) => watch(server.port, first + i)))),
      );
    }
    const mib = await idleMiB(server.pid);
    return [
      figure({ id: 'M3', what: 'memory with 10,000 idle event streams', unit: 'MiB', atMost: 300 }, [mib]),
    ];
  } finally {
    for (const socket of sockets) socket.destroy();
    await server.stop();
  }
}
