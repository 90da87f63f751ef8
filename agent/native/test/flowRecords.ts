import type { Drained } from '../index.d.ts';

/** One slot of bpf/flow.h, in words. */
export interface Slot {
  /** Attachment.index of the interface. */
  interface: number;
  inner: boolean;
  egress: boolean;
  fromHigh: boolean;
  tcpFlags: number;
  packets: number;
  bytes: number;
  first: number;
  last: number;
}

export interface SideFacts {
  cgroupId: bigint;
  otherCgroupId: bigint;
  srttUs: number;
  retransmits: number;
  seenRetransmits: number;
  outOfOrder: number;
  zeroWindows: number;
  tunnel: number;
  outerPort: number;
  syns: number;
  dscp: number;
  cookie: bigint;
}

export interface FlowRecord {
  low: string;
  high: string;
  lowPort: number;
  highPort: number;
  netns: number;
  protocol: number;
  family: number;
  detail: number;
  lowFacts: SideFacts;
  highFacts: SideFacts;
  synTime: bigint;
  answerTime: bigint;
  overflowPackets: number;
  overflowBytes: number;
  slots: Slot[];
}

const RECORD_BYTES = 384;
const SLOT_BYTES = 24;
const SLOTS = 8;

function readFacts(record: Buffer, at: number): SideFacts {
  return {
    cgroupId: record.readBigUInt64LE(at),
    otherCgroupId: record.readBigUInt64LE(at + 8),
    srttUs: record.readUInt32LE(at + 16),
    retransmits: record.readUInt32LE(at + 20),
    seenRetransmits: record.readUInt32LE(at + 24),
    outOfOrder: record.readUInt32LE(at + 28),
    zeroWindows: record.readUInt32LE(at + 32),
    tunnel: record.readUInt32LE(at + 36),
    outerPort: record.readUInt16LE(at + 40),
    syns: record.readUInt16LE(at + 42),
    dscp: record.readUInt8(at + 44),
    cookie: record.readBigUInt64LE(at + 48),
  };
}

function readSlots(record: Buffer, at: number): Slot[] {
  const slots: Slot[] = [];
  for (let slot = at; slot < at + SLOTS * SLOT_BYTES; slot += SLOT_BYTES) {
    const point = record.readUInt16LE(slot);
    if (point === 0) continue;
    slots.push({
      interface: point >>> 3,
      inner: (point & 4) !== 0,
      egress: (point & 2) !== 0,
      fromHigh: (point & 1) !== 0,
      tcpFlags: record.readUInt16LE(slot + 2),
      packets: record.readUInt32LE(slot + 4),
      bytes: Number(record.readBigUInt64LE(slot + 8)),
      first: record.readUInt32LE(slot + 16),
      last: record.readUInt32LE(slot + 20),
    });
  }
  return slots;
}

function readRecord(record: Buffer): FlowRecord {
  const family = record.readUInt8(41);
  const address = (at: number): string =>
    family === 4 ? record.subarray(at + 12, at + 16).join('.') : record.subarray(at, at + 16).toString('hex');
  return {
    low: address(0),
    high: address(16),
    netns: record.readUInt32LE(32),
    lowPort: record.readUInt16LE(36),
    highPort: record.readUInt16LE(38),
    protocol: record.readUInt8(40),
    family,
    detail: record.readUInt16LE(42),
    lowFacts: readFacts(record, 48),
    highFacts: readFacts(record, 104),
    synTime: record.readBigUInt64LE(160),
    answerTime: record.readBigUInt64LE(168),
    overflowPackets: record.readUInt32LE(180),
    overflowBytes: Number(record.readBigUInt64LE(184)),
    slots: readSlots(record, 192),
  };
}

/** A drain's records, read by the offsets that bpf/flow.h promises. */
export function readRecords(drained: Drained): FlowRecord[] {
  const records: FlowRecord[] = [];
  for (let at = 0; at < drained.records.length; at += RECORD_BYTES) {
    records.push(readRecord(drained.records.subarray(at, at + RECORD_BYTES)));
  }
  return records;
}

/** Packets and bytes of all records at one point, both ways of the conversation together; not what tunnels carry. */
export function sumAt(
  records: FlowRecord[],
  point: { index: number; direction: 'ingress' | 'egress' },
): { packets: number; bytes: number } {
  const sum = { packets: 0, bytes: 0 };
  for (const record of records) {
    for (const slot of record.slots) {
      if (slot.inner || slot.interface !== point.index) continue;
      if (slot.egress !== (point.direction === 'egress')) continue;
      sum.packets += slot.packets;
      sum.bytes += slot.bytes;
    }
  }
  return sum;
}
