import { formatSocketAddress } from '../../../src/model/socketAddress.ts';
import type { SocketEntry } from '../../../src/model/topology.ts';
import type { CgroupTree } from '../cgroups/cgroupTree.ts';
import { IP_PROTOCOL, readUint64, viewOf } from '../collector/flowLayout.ts';
import { SOCKET, SOCKET_BYTES } from '../sockets/socketLayout.ts';
import { addressText } from './address.ts';
import type { SocketOwners } from './socketOwners.ts';

/** By the kernel's number (linux/tcp.h); UDP sockets have the first and the seventh. */
const STATES = [
  '',
  'established',
  'syn-sent',
  'syn-received',
  'fin-wait-1',
  'fin-wait-2',
  'time-wait',
  'closed',
  'close-wait',
  'last-ack',
  'listen',
  'closing',
  'syn-received',
];
const UNCONNECTED = 'unconnected';
const CLOSED = STATES.indexOf('closed');

/** Sockets as the public JSON has them. @param records of NetworkNamespace.sockets() */
export function socketEntries(records: Uint8Array, cgroups: CgroupTree, owners: SocketOwners): SocketEntry[] {
  const view = viewOf(records);
  return Array.from({ length: Math.floor(records.length / SOCKET_BYTES) }, (_, index) => {
    const at = index * SOCKET_BYTES;
    const isUdp = view.getUint8(at + SOCKET.protocol) === IP_PROTOCOL.udp;
    const state = view.getUint8(at + SOCKET.state);
    const end = (address: number, port: number): string =>
      formatSocketAddress(addressText(view, at + address), view.getUint16(at + port, true));
    // What waits for its first or last packets has no owner.
    const cgroup = readUint64(view, at + SOCKET.cgroup);
    const pod = owners.senderOf(cgroup)?.pod ?? null;
    return {
      protocol: isUdp ? 'udp' : 'tcp',
      local: end(SOCKET.localAddress, SOCKET.localPort),
      remote: end(SOCKET.remoteAddress, SOCKET.remotePort),
      state: isUdp && state === CLOSED ? UNCONNECTED : (STATES[state] ?? ''),
      cgroup: cgroup === 0 ? null : (cgroups.path(cgroup) ?? null),
      pod:
        pod === null
          ? null
          : { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name, uid: pod.metadata.uid },
      container: owners.senderOf(cgroup)?.container ?? null,
    };
  });
}
