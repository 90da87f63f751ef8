/**
 * Steady traffic for people to look at, until it is ended: `shopper.ts ROUND-MILLISECONDS DESTINATION...`, where a
 * destination is KIND,ADDRESS,PORT,EVERY,SEND,RECEIVE. Each is asked in every EVERY-th round: `tcp` by a connection that
 * sends and receives so many bytes and ends, `udp` by a datagram of SEND bytes that is sent back, `stream` by one
 * connection that stays and gets RECEIVE bytes a round, `echo` by one ICMP echo request.
 */
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { isIPv6 } from 'node:net';

interface Destination {
  readonly kind: string;
  readonly address: string;
  readonly port: number;
  readonly every: number;
  readonly send: number;
  readonly receive: number;
}

const [pause = '1000', ...words] = process.argv.slice(2);
const destinations = words.map((word): Destination => {
  const [kind = '', address = '', port = '0', every = '1', send = '0', receive = '0'] = word.split(',');
  const [portNumber, rounds, toSend, toReceive] = [port, every, send, receive].map(Number);
  return {
    kind,
    address,
    port: portNumber ?? 0,
    every: rounds ?? 1,
    send: toSend ?? 0,
    receive: toReceive ?? 0,
  };
});
const streams = new Map<Destination, Socket>();
const sockets = { udp4: createSocket('udp4'), udp6: createSocket('udp6') };

function request(send: number, receive: number): Buffer {
  const message = Buffer.alloc(16 + send, 'c');
  message.writeBigUInt64LE(BigInt(send), 0);
  message.writeBigUInt64LE(BigInt(receive), 8);
  return message;
}

/** A refused or unanswered connection is what some of the traffic is for; it is given up after a second. */
function exchange({ address, port, send, receive }: Destination): void {
  const socket = connect({ host: address, port, noDelay: true });
  let received = 0;
  socket.setTimeout(1000, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('connect', () => socket.write(request(send, receive)));
  socket.on('data', (data: Buffer) => {
    received += data.length;
    if (received >= receive) socket.end();
  });
}

function stream(destination: Destination): void {
  const { address, port, send, receive } = destination;
  let socket = streams.get(destination);
  if (!socket) {
    socket = connect({ host: address, port, noDelay: true });
    streams.set(destination, socket);
    socket.on('close', () => streams.delete(destination));
    socket.on('error', (error) => console.error(`stream to ${address}: ${error.message}`));
    socket.resume();
  }
  socket.write(request(send, receive));
}

function ask(destination: Destination): void {
  const { kind, address, port, send } = destination;
  if (kind === 'tcp') exchange(destination);
  else if (kind === 'stream') stream(destination);
  else if (kind === 'udp') {
    sockets[isIPv6(address) ? 'udp6' : 'udp4'].send(Buffer.alloc(send, 'e'), port, address);
  } else execFile('busybox', ['ping', '-c', '1', '-W', '1', address], () => undefined);
}

for (let round = 0; ; round++) {
  for (const destination of destinations) if (round % destination.every === 0) ask(destination);
  await new Promise((resolve) => setTimeout(resolve, Number(pause)));
}
