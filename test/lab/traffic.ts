/** Bounded traffic between places of a lab: exact numbers of bytes, datagrams and echoes. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Lab, Place } from './lab.ts';

const program = (name: string): string => fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url));

/** Answers TCP and UDP at a place (both families) until the lab ends. */
export async function serve(lab: Lab, place: Place, tcpPort: number, udpPort: number): Promise<void> {
  const child = lab.spawn(place, process.execPath, [program('server'), String(tcpPort), String(udpPort)]);
  await firstLine(child, 'the server');
}

/** A connection that is still open, so that its sockets can be asked. */
export interface HeldConnection {
  readonly localPort: number;
  close(): Promise<void>;
}

/** Request header that every connection sends besides its bytes. */
export const REQUEST_BYTES = 16;

/** Sends and receives these numbers of bytes over one connection, and keeps it. */
export async function hold(
  lab: Lab,
  place: Place,
  to: { address: string; port: number },
  bytes: { send: number; receive: number },
): Promise<HeldConnection> {
  const args = [
    program('tcpClient'),
    to.address,
    String(to.port),
    String(bytes.send),
    String(bytes.receive),
    'hold',
  ];
  const child = lab.spawn(place, process.execPath, args);
  const { localPort } = JSON.parse(await firstLine(child, `a connection to ${to.address}`)) as {
    localPort: number;
  };
  return {
    localPort,
    close: async () => {
      child.stdin?.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

/** One connection from start to end; returns its local port. */
export function exchange(
  lab: Lab,
  place: Place,
  to: { address: string; port: number },
  bytes: { send: number; receive: number },
): number {
  const args = [program('tcpClient'), to.address, String(to.port), String(bytes.send), String(bytes.receive)];
  return (JSON.parse(lab.run(place, process.execPath, args)) as { localPort: number }).localPort;
}

export interface Datagrams {
  readonly address: string;
  readonly port: number;
  readonly count: number;
  /** Payload of each, bytes. */
  readonly size: number;
  readonly localPort: number;
  readonly echo: boolean;
}

export function sendDatagrams(lab: Lab, place: Place, to: Datagrams): { sent: number; received: number } {
  const args = [to.address, to.port, to.count, to.size, to.localPort].map(String);
  const output = lab.run(place, process.execPath, [
    program('udpSender'),
    ...args,
    ...(to.echo ? ['echo'] : []),
  ]);
  return JSON.parse(output) as { sent: number; received: number };
}

/** Echo requests with 56 bytes of payload, each answered; throws when one stays unanswered. */
export function ping(lab: Lab, place: Place, address: string, count: number): void {
  const output = lab.run(place, 'busybox', ['ping', '-A', '-c', String(count), '-w', '10', address]);
  if (!output.includes(`${count} packets transmitted, ${count} packets received`)) {
    throw new Error(`not every echo request to ${address} was answered: ${output}`);
  }
}

async function firstLine(child: ChildProcess, what: string): Promise<string> {
  if (!child.stdout) throw new Error(`${what} has no output`);
  for await (const line of createInterface({ input: child.stdout })) {
    child.stdout.resume();
    return line;
  }
  throw new Error(`${what} ended before it answered; its messages are above`);
}
