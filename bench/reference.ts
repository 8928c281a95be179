/** The reference of every HTTP figure: bare node:http that reads a body, parses it and answers a small JSON. */

import { createServer } from 'node:http';

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { userId } = JSON.parse(Buffer.concat(chunks).toString()) as { userId: string };
    const body = JSON.stringify({ verdict: 'sold_out', userId });
    response.writeHead(409, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as { port: number }).port })}\n`);
});
