/**
 * Many flows: `udpSpray.ts ADDRESS SOCKETS PORTS PACE...` sends a datagram of 64 bytes to each of PORTS ports from 10000
 * on, from each of SOCKETS local ports, once for every PACE: at most so many datagrams a millisecond, 0 for as fast as it
 * goes. Prints {"flows"} after each pass.
 */
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';

const [address = '', ...numbers] = process.argv.slice(2);
const [socketCount = 1, ports = 1, ...paces] = numbers.map(Number);
const message = Buffer.alloc(64, 's');

const sockets = await Promise.all(
  Array.from({ length: socketCount }, async (): Promise<Socket> => {
    const socket = createSocket({ type: 'udp4', sendBufferSize: 4 << 20 });
    await new Promise<void>((resolve) => socket.bind(0, resolve));
    return socket;
  }),
);

function send(socket: Socket, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(message, port, address, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

async function pass(pace: number): Promise<void> {
  const start = performance.now();
  let sent = 0;
  for (const socket of sockets) {
    for (let port = 10_000; port < 10_000 + ports; port++) {
      const done = send(socket, port);
      // So many wait at once that the sender is never idle, and not so many that its buffer overflows.
      if (++sent % 64 === 0) await done;
      const early = pace === 0 ? 0 : sent / pace - (performance.now() - start);
      if (early > 5) await new Promise((resolve) => setTimeout(resolve, early));
    }
  }
}

for (const pace of paces) {
  await pass(pace);
  console.log(JSON.stringify({ flows: sockets.length * ports }));
}
for (const socket of sockets) socket.close();
