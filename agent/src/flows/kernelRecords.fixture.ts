/** Builds records as the kernel program writes them (bpf/flow.h), for tests. */
import { isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { TunnelKind } from '../../../src/model/flow.ts';
import { TUNNEL_KINDS } from '../../../src/model/flow.ts';
import {
  COARSE_UNIT,
  IP_PROTOCOL,
  KEY,
  RECORD,
  RECORD_BYTES,
  SIDE,
  SLOT,
  SLOT_BYTES,
  TCP_FLAG,
  TUNNEL,
  TUNNEL_BYTES,
  viewOf,
} from '../collector/flowLayout.ts';

/** One packet as a point saw it. */
export interface SeenPacket {
  readonly from: string;
  readonly fromPort: number;
  readonly to: string;
  readonly toPort: number;
  readonly protocol: number;
  readonly netns: number;
  readonly ifindex: number;
  readonly egress: boolean;
  readonly bytes: number;
  readonly tcpFlags: number;
  /** CLOCK_MONOTONIC milliseconds. */
  readonly time: number;
  /** Inside the packets of a tunnel. */
  readonly inner?: boolean;
  /** Of the key; as for an echo request where it is left out. */
  readonly detail?: number;
}

const ADDRESS_BYTES = 16;

/** What one drain would hand over after these packets. */
export function drainOf(packets: readonly SeenPacket[]): { records: Uint8Array; count: number } {
  const entries = new Map<string, Uint8Array>();
  for (const packet of packets) {
    const { key, fromHigh } = keyOf(packet);
    const name = Buffer.from(key).toString('hex');
    let record = entries.get(name);
    if (record === undefined) {
      record = new Uint8Array(RECORD_BYTES);
      record.set(key);
      entries.set(name, record);
    }
    countIn(record, packet, fromHigh);
  }
  return { records: Buffer.concat([...entries.values()]), count: entries.size };
}

/** Writes what the sender's socket told into a record. */
export function setSide(
  record: Uint8Array,
  high: boolean,
  facts: { cgroup?: number; srttUs?: number; retransmits?: number },
): void {
  const view = viewOf(record);
  const side = high ? RECORD.high : RECORD.low;
  view.setBigUint64(side + SIDE.cgroup, BigInt(facts.cgroup ?? 0), true);
  view.setUint32(side + SIDE.srttUs, facts.srttUs ?? 0, true);
  view.setUint32(side + SIDE.retransmits, facts.retransmits ?? 0, true);
}

/** Writes which tunnel carries a side's packets. */
export function setTunnel(record: Uint8Array, high: boolean, tunnel: number, outerPort: number): void {
  const view = viewOf(record);
  const side = high ? RECORD.high : RECORD.low;
  view.setUint32(side + SIDE.tunnel, tunnel, true);
  view.setUint16(side + SIDE.outerPort, outerPort, true);
}

/** A tunnel as the kernel's map has it. */
export interface KernelTunnel {
  readonly id: number;
  readonly kind: TunnelKind;
  readonly identifier: number;
  readonly source: string;
  readonly destination: string;
  readonly port: number;
  readonly protocol: number;
  readonly netns: number;
}

export function tunnelEntries(tunnels: readonly KernelTunnel[]): Uint8Array {
  const bytes = new Uint8Array(tunnels.length * TUNNEL_BYTES);
  tunnels.forEach((tunnel, index) => {
    const entry = bytes.subarray(index * TUNNEL_BYTES);
    const view = viewOf(entry);
    entry.set(endBytes(tunnel.source, 0).subarray(0, ADDRESS_BYTES), TUNNEL.source);
    entry.set(endBytes(tunnel.destination, 0).subarray(0, ADDRESS_BYTES), TUNNEL.destination);
    view.setUint32(TUNNEL.netns, tunnel.netns, true);
    view.setUint32(TUNNEL.identifier, tunnel.identifier, true);
    view.setUint16(TUNNEL.port, tunnel.port, true);
    view.setUint8(TUNNEL.protocol, tunnel.protocol);
    view.setUint8(TUNNEL.kind, TUNNEL_KINDS.indexOf(tunnel.kind) + 1);
    view.setUint32(TUNNEL.id, tunnel.id, true);
  });
  return bytes;
}

function countIn(record: Uint8Array, packet: SeenPacket, fromHigh: boolean): void {
  const view = viewOf(record);
  const code = pointCode(packet, fromHigh);
  noteHandshake(view, packet, code);
  for (let slot = 0; slot < 8; slot += 1) {
    const base = RECORD.slots + slot * SLOT_BYTES;
    const owner = view.getUint16(base + SLOT.point, true);
    if (owner !== 0 && owner !== code) continue;
    if (owner === 0) view.setUint32(base + SLOT.first, coarse(packet.time), true);
    view.setUint16(base + SLOT.point, code, true);
    view.setUint16(
      base + SLOT.tcpFlags,
      view.getUint16(base + SLOT.tcpFlags, true) | slotFlags(packet),
      true,
    );
    view.setUint32(base + SLOT.packets, view.getUint32(base + SLOT.packets, true) + 1, true);
    view.setBigUint64(
      base + SLOT.bytes,
      view.getBigUint64(base + SLOT.bytes, true) + BigInt(packet.bytes),
      true,
    );
    view.setUint32(base + SLOT.last, coarse(packet.time), true);
    return;
  }
  throw new Error('the packets were seen at more than eight points');
}

/** Exact times of the first SYN, and of the SYN-ACK at the same interface or at the last one without a SYN. */
function noteHandshake(view: DataView, packet: SeenPacket, code: number): void {
  if (packet.protocol !== IP_PROTOCOL.tcp || (packet.tcpFlags & TCP_FLAG.syn) === 0) return;
  const syn = view.getBigUint64(RECORD.synTime, true);
  if ((packet.tcpFlags & TCP_FLAG.ack) === 0) {
    if (syn !== 0n) return;
    view.setBigUint64(RECORD.synTime, nanoseconds(packet.time), true);
    view.setUint16(RECORD.synPoint, code, true);
    return;
  }
  const elsewhere = view.getUint16(RECORD.synPoint, true) >>> 3 !== code >>> 3;
  if (syn !== 0n && (view.getBigUint64(RECORD.answerTime, true) !== 0n || elsewhere)) return;
  view.setBigUint64(RECORD.answerTime, nanoseconds(packet.time), true);
  view.setUint16(RECORD.answerPoint, code, true);
}

/** The kernel marks who opens, because the OR of flags forgets it. */
function slotFlags({ tcpFlags }: SeenPacket): number {
  const opens = (tcpFlags & (TCP_FLAG.syn | TCP_FLAG.ack)) === TCP_FLAG.syn;
  return opens ? tcpFlags | TCP_FLAG.opened : tcpFlags;
}

/** Interfaces have their ifindex as index here. */
function pointCode({ ifindex, egress, inner }: SeenPacket, fromHigh: boolean): number {
  return ifindex * 8 + (inner === true ? 4 : 0) + (egress ? 2 : 0) + (fromHigh ? 1 : 0);
}

function coarse(milliseconds: number): number {
  return Math.round((milliseconds * 1e6) / COARSE_UNIT);
}

function nanoseconds(milliseconds: number): bigint {
  return BigInt(Math.round(milliseconds * 1e6));
}

/** The canonical key: the lower address and port first. */
export function keyOf(packet: SeenPacket): { key: Uint8Array; fromHigh: boolean } {
  const from = endBytes(packet.from, packet.fromPort);
  const to = endBytes(packet.to, packet.toPort);
  const fromHigh = Buffer.compare(from, to) > 0;
  const [low, high] = fromHigh ? [to, from] : [from, to];
  const key = new Uint8Array(44);
  const view = viewOf(key);
  key.set(low.subarray(0, ADDRESS_BYTES), KEY.lowAddress);
  key.set(high.subarray(0, ADDRESS_BYTES), KEY.highAddress);
  view.setUint32(KEY.netns, packet.netns, true);
  view.setUint16(KEY.lowPort, viewOf(low).getUint16(ADDRESS_BYTES), true);
  view.setUint16(KEY.highPort, viewOf(high).getUint16(ADDRESS_BYTES), true);
  view.setUint8(KEY.protocol, packet.protocol);
  view.setUint8(KEY.family, isIPv6(packet.from) ? 6 : 4);
  if (packet.detail !== undefined) view.setUint16(KEY.detail, packet.detail, true);
  else if (packet.protocol === IP_PROTOCOL.icmp) view.setUint16(KEY.detail, 8 << 8, true);
  return { key, fromHigh };
}

/** Address in 16 bytes and port, in the order they are compared in. */
function endBytes(address: string, port: number): Uint8Array {
  const parsed = ipaddr.parse(address);
  const six = parsed instanceof ipaddr.IPv4 ? parsed.toIPv4MappedAddress() : parsed;
  return Uint8Array.from([...six.toByteArray(), port >> 8, port & 0xff]);
}
