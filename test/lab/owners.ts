/** Pods that share the node's network or have two containers, and long-lived traffic of theirs; for owners.test.ts. */
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Pod } from '../../src/model/inventory.ts';
import { inventoryOf } from './inventory.ts';
import type { Lab, Place } from './lab.ts';
import type { PodPlan } from './plan.ts';

/** A further pod in the node's network. */
export function hostPod(lab: Lab, name: string): PodPlan {
  return {
    ...lab.hostNetworkPod,
    name,
    uid: randomUUID(),
    container: name,
    containerId: newId(),
    workload: name,
  };
}

/** A further container of a pod. */
export function secondContainer(pod: PodPlan, container: string): PodPlan {
  return { ...pod, container, containerId: newId() };
}

function newId(): string {
  return randomBytes(32).toString('hex');
}

/** An inventory of the lab with more pods, and with these containers in their pods. @returns the file */
export function writeInventory(
  lab: Lab,
  hostPods: readonly PodPlan[],
  containers: readonly PodPlan[],
): string {
  const { items, ...list } = inventoryOf({ ...lab.plan, pods: [...lab.plan.pods, ...hostPods] });
  const file = join(lab.folder, 'owners.json');
  const withContainers = items.map((item) => (item.kind === 'Pod' ? addContainers(item, containers) : item));
  writeFileSync(file, JSON.stringify({ ...list, items: withContainers }));
  return file;
}

function addContainers(pod: Pod, containers: readonly PodPlan[]): Pod {
  const own = containers.filter(({ uid }) => uid === pod.metadata.uid);
  const { spec, status } = pod;
  return {
    ...pod,
    spec: { ...spec, containers: [...spec.containers, ...own.map(({ container }) => ({ name: container }))] },
    status: {
      ...status,
      containerStatuses: [
        ...(status.containerStatuses ?? []),
        ...own.map(({ container, containerId }) => ({
          name: container,
          containerID: `containerd://${containerId}`,
        })),
      ],
    },
  };
}

/** A place on the node whose cgroup names no unit, as that of somebody who logged in. */
export function loginPlace(lab: Lab): Place {
  const { netns, cgroup } = lab.nodePlace;
  const session = join(dirname(dirname(cgroup)), 'user.slice', 'user-0.slice', 'session-3.scope');
  mkdirSync(session, { recursive: true });
  return { netns, cgroup: session };
}

const SINK = `
const [, port, way] = process.argv;
const socket = require('node:dgram').createSocket({ type: 'udp6', reusePort: way === 'shared' });
socket.bind(Number(port), '::', () => console.log('ready'));`;

/** Takes datagrams and answers none, until the lab ends. @param way `shared`: by SO_REUSEPORT */
export async function sink(lab: Lab, place: Place, port: number, way: 'alone' | 'shared'): Promise<void> {
  const child = lab.spawn(place, process.execPath, ['-e', SINK, String(port), way]);
  if (child.stdout) await once(child.stdout, 'data');
}

const TALKER = `
const [, address, port, localPort] = process.argv;
const socket = require('node:net').connect({ host: address, port: Number(port), localPort: Number(localPort) });
const request = Buffer.alloc(16);
request.writeBigUInt64LE(100n, 8);
let rounds = 0;
socket.on('connect', () => {
  const timer = setInterval(() => {
    if (++rounds > 100) { clearInterval(timer); socket.end(); } else socket.write(request);
  }, 200);
});
socket.once('data', () => console.log(process.pid));
socket.resume();`;

/** A connection that asks for something five times a second, for 20 s at most. @returns once it was answered */
export async function talk(
  lab: Lab,
  place: Place,
  to: { address: string; port: number },
  localPort: number,
): Promise<number> {
  const child = lab.spawn(place, process.execPath, [
    '-e',
    TALKER,
    to.address,
    String(to.port),
    String(localPort),
  ]);
  if (!child.stdout) throw new Error('the talker has no output');
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return Number(line.toString());
}

const SHARED_SERVER = `
const server = require('node:net').createServer((socket) => {
  socket.on('data', () => socket.write('a'));
  socket.on('error', (error) => console.error(error.message));
});
server.listen({ port: Number(process.argv[1]), host: '::', reusePort: true }, () => console.log('ready'));`;

/** Answers over TCP on a port that others may share, until the lab ends. */
export async function serveShared(lab: Lab, place: Place, port: number): Promise<void> {
  const child = lab.spawn(place, process.execPath, ['-e', SHARED_SERVER, String(port)]);
  if (child.stdout) await once(child.stdout, 'data');
}

const SHARED_SENDER = `
const [, address, port, localPort] = process.argv;
const socket = require('node:dgram').createSocket({ type: 'udp4', reusePort: true });
let left = 10;
const send = () => {
  if (left-- > 0) socket.send('s', Number(port), address, () => setTimeout(send, 150));
  else socket.close();
};
socket.bind(Number(localPort), send);`;

/** Sends datagrams for some 2 s from a port that others may share. @returns when that is done */
export async function sendShared(
  lab: Lab,
  place: Place,
  to: { address: string; port: number },
  localPort: number,
): Promise<void> {
  const args = ['-e', SHARED_SENDER, to.address, String(to.port), String(localPort)];
  await once(lab.spawn(place, process.execPath, args), 'exit');
}
