/** Builds records as the kernel program writes them (bpf/flow.h), for tests. */
import type { TunnelKind } from '../../../src/model/flow.ts';
import { TUNNEL_KINDS } from '../../../src/model/flow.ts';
import {
  COARSE_UNIT,
  IP_PROTOCOL,
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
import type { KeyedPacket } from '../collector/flowKey.fixture.ts';
import { addressBytes, keyOf } from '../collector/flowKey.fixture.ts';

/** One packet as a point saw it. */
export interface SeenPacket extends KeyedPacket {
  readonly ifindex: number;
  readonly egress: boolean;
  readonly bytes: number;
  readonly tcpFlags: number;
  /** CLOCK_MONOTONIC milliseconds. */
  readonly time: number;
  /** Inside the packets of a tunnel. */
  readonly inner?: boolean;
}

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
    entry.set(addressBytes(tunnel.source), TUNNEL.source);
    entry.set(addressBytes(tunnel.destination), TUNNEL.destination);
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
