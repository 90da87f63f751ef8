/** Builds dumped sockets (agent/native/src/socket_dump.h), for tests. */
import { addressBytes } from '../collector/flowKey.fixture.ts';
import { viewOf } from '../collector/flowLayout.ts';
import { SOCKET, SOCKET_BYTES, SOCKET_STATE } from './socketLayout.ts';

export interface TestSocket {
  readonly protocol: number;
  /** `any4` and `any6` for a socket bound to no address. */
  readonly local: string;
  readonly localPort: number;
  readonly remote?: string;
  readonly remotePort?: number;
  readonly state?: number;
  readonly cgroup: number;
  readonly cookie?: number;
  readonly inode?: number;
  readonly interface?: number;
  readonly ipv6Only?: boolean;
}

export function socketRecords(sockets: readonly TestSocket[]): Uint8Array {
  const bytes = new Uint8Array(sockets.length * SOCKET_BYTES);
  const view = viewOf(bytes);
  sockets.forEach((socket, index) => {
    const at = index * SOCKET_BYTES;
    const isSix = socket.local.includes(':') || socket.local === 'any6';
    const listens = socket.protocol === 6 ? SOCKET_STATE.listen : SOCKET_STATE.close;
    bytes.set(boundBytes(socket.local), at + SOCKET.localAddress);
    bytes.set(boundBytes(socket.remote ?? (isSix ? 'any6' : 'any4')), at + SOCKET.remoteAddress);
    view.setBigUint64(at + SOCKET.cgroup, BigInt(socket.cgroup), true);
    view.setBigUint64(at + SOCKET.cookie, BigInt(socket.cookie ?? index + 1), true);
    view.setUint32(at + SOCKET.inode, socket.inode ?? 0, true);
    view.setUint32(at + SOCKET.interface, socket.interface ?? 0, true);
    view.setUint16(at + SOCKET.localPort, socket.localPort, true);
    view.setUint16(at + SOCKET.remotePort, socket.remotePort ?? 0, true);
    view.setUint8(at + SOCKET.protocol, socket.protocol);
    view.setUint8(at + SOCKET.family, isSix ? 6 : 4);
    view.setUint8(
      at + SOCKET.state,
      socket.state ?? (socket.remotePort === undefined ? listens : SOCKET_STATE.established),
    );
    view.setUint8(at + SOCKET.ipv6Only, socket.ipv6Only === true ? 1 : 0);
  });
  return bytes;
}

function boundBytes(address: string): number[] {
  return addressBytes(address === 'any4' ? '0.0.0.0' : address === 'any6' ? '::' : address);
}
