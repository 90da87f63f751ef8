/**
 * Traffic between two ends, each side a process of its own inside its namespace. Run as a program it is one side:
 * `udp-send ADDRESS PORT COUNT SIZE`, `tcp-serve PORT`, `tcp-send ADDRESS PORT BYTES`.
 */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

import { run } from './vethPair.ts';
import type { End } from './vethPair.ts';

const program = import.meta.filename;

async function sendDatagrams(address: string, port: number, count: number, size: number): Promise<void> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const payload = Buffer.alloc(size, 1);
  for (let sent = 0; sent < count; sent += 1) {
    await new Promise<void>((resolve, reject) => {
      socket.send(payload, port, address, (error) => {
        // Nobody listens: the refusal comes back as an error of a later send, which then did not happen.
        if (error && 'code' in error && error.code === 'ECONNREFUSED') sent -= 1;
        else if (error) {
          reject(error);
          return;
        }
        resolve();
      });
    });
  }
  socket.close();
}

async function serve(port: number): Promise<void> {
  const server = createServer((socket) => {
    socket.on('end', () => {
      server.close();
    });
    socket.resume();
  });
  server.listen(port, '::');
  await once(server, 'listening');
  console.log('listening');
}

async function sendStream(address: string, port: number, bytes: number): Promise<void> {
  const socket = connect(port, address);
  await once(socket, 'connect');
  const chunk = Buffer.alloc(64 * 1024, 2);
  for (let left = bytes; left > 0; left -= chunk.length) {
    if (!socket.write(chunk.subarray(0, Math.min(left, chunk.length)))) await once(socket, 'drain');
  }
  socket.end();
  await once(socket, 'close');
}

/** Sends datagrams of one socket and waits until they are sent. */
export function datagrams(from: End, address: string, port: number, count: number, size: number): void {
  from.run(process.execPath, program, 'udp-send', address, String(port), String(count), String(size));
}

/** Sends bytes over one connection, from left to right, and waits for its end. @param served the server's port behind NAT */
export async function stream(
  from: End,
  to: End,
  address: string,
  port: number,
  bytes: number,
  served = port,
): Promise<void> {
  const server = spawn(
    'ip',
    ['netns', 'exec', to.name, process.execPath, program, 'tcp-serve', String(served)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  try {
    await once(server.stdout, 'data');
    run(
      'ip',
      'netns',
      'exec',
      from.name,
      process.execPath,
      program,
      'tcp-send',
      address,
      String(port),
      String(bytes),
    );
    if (server.exitCode === null) await once(server, 'exit');
  } finally {
    server.kill();
  }
}

if (process.argv[1] === program) {
  const [, , side = '', ...args] = process.argv;
  const number = (index: number): number => Number(args[index]);
  if (side === 'udp-send') await sendDatagrams(args[0] ?? '', number(1), number(2), number(3));
  if (side === 'tcp-serve') await serve(number(0));
  if (side === 'tcp-send') await sendStream(args[0] ?? '', number(1), number(2));
}
