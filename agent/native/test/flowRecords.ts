import type { Drained } from '../index.d.ts';

/** One slot of bpf/flow.h, in words. */
export interface Slot {
  ifindex: number;
  egress: boolean;
  fromHigh: boolean;
  tcpFlags: number;
  packets: number;
  bytes: number;
  first: bigint;
  last: bigint;
}

export interface SideFacts {
  cgroupId: bigint;
  cookie: bigint;
  srttUs: number;
  retransmits: number;
  dscp: number;
}

export interface FlowRecord {
  low: string;
  high: string;
  lowPort: number;
  highPort: number;
  netns: number;
  protocol: number;
  family: number;
  icmp: number;
  lowFacts: SideFacts;
  highFacts: SideFacts;
  overflowPackets: number;
  overflowBytes: number;
  slots: Slot[];
}

const RECORD_BYTES = 448;
const SLOT_BYTES = 40;
const SLOTS = 8;

function readFacts(record: Buffer, at: number): SideFacts {
  return {
    cgroupId: record.readBigUInt64LE(at),
    cookie: record.readBigUInt64LE(at + 8),
    srttUs: record.readUInt32LE(at + 16),
    retransmits: record.readUInt32LE(at + 20),
    dscp: record.readUInt32LE(at + 24),
  };
}

function readSlots(record: Buffer, at: number): Slot[] {
  const slots: Slot[] = [];
  for (let slot = at; slot < at + SLOTS * SLOT_BYTES; slot += SLOT_BYTES) {
    const point = record.readUInt32LE(slot);
    if (point === 0) continue;
    slots.push({
      ifindex: point >>> 2,
      egress: (point & 2) !== 0,
      fromHigh: (point & 1) !== 0,
      tcpFlags: record.readUInt32LE(slot + 4),
      packets: Number(record.readBigUInt64LE(slot + 8)),
      bytes: Number(record.readBigUInt64LE(slot + 16)),
      first: record.readBigUInt64LE(slot + 24),
      last: record.readBigUInt64LE(slot + 32),
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
    icmp: record.readUInt16LE(42),
    lowFacts: readFacts(record, 48),
    highFacts: readFacts(record, 80),
    overflowPackets: Number(record.readBigUInt64LE(112)),
    overflowBytes: Number(record.readBigUInt64LE(120)),
    slots: readSlots(record, 128),
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

/** Packets and bytes of all records at one point, both ways of the conversation together. */
export function sumAt(
  records: FlowRecord[],
  netns: number,
  ifindex: number,
  egress: boolean,
): { packets: number; bytes: number } {
  const sum = { packets: 0, bytes: 0 };
  for (const record of records) {
    if (record.netns !== netns) continue;
    for (const slot of record.slots) {
      if (slot.ifindex !== ifindex || slot.egress !== egress) continue;
      sum.packets += slot.packets;
      sum.bytes += slot.bytes;
    }
  }
  return sum;
}
