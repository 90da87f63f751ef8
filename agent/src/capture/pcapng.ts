/** Blocks of a pcapng file (draft-ietf-opsawg-pcapng), little-endian, with times in nanoseconds. */

const BLOCK = { section: 0x0a0d0d0a, interface: 1, statistics: 5, packet: 6 } as const;
const OPTION = {
  end: 0,
  sectionApplication: 4,
  interfaceName: 2,
  interfaceTimeResolution: 9,
  packetFlags: 2,
  statisticsReceived: 4,
  statisticsDropped: 5,
} as const;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** A power of ten: nanoseconds. */
const TIME_RESOLUTION = 9;

/** Type and length in front, the length again behind. */
const FRAME_BYTES = 12;
/** Fields of a packet block before its data. */
const PACKET_FIELDS = 20;
/** One option of four bytes, and the end of options. */
const PACKET_OPTIONS = 12;
/** What an interface's packets begin with. */
export const LINK_TYPE = { ethernet: 1, raw: 101 } as const;

/** The first block of a file. @param application who writes it */
export function sectionBlock(application: string): Buffer {
  const fields = Buffer.alloc(16);
  fields.writeUInt32LE(BYTE_ORDER_MAGIC, 0);
  fields.writeUInt16LE(1, 4);
  // Nobody knows the length of the section yet.
  fields.writeBigInt64LE(-1n, 8);
  return block(BLOCK.section, fields, [option(OPTION.sectionApplication, Buffer.from(application))]);
}

/** Interfaces are numbered in the order of their blocks, from 0. @param snapLength bytes kept of each packet */
export function interfaceBlock(name: string, linkType: number, snapLength: number): Buffer {
  const fields = Buffer.alloc(8);
  fields.writeUInt16LE(linkType, 0);
  fields.writeUInt32LE(snapLength, 4);
  return block(BLOCK.interface, fields, [
    option(OPTION.interfaceName, Buffer.from(name)),
    option(OPTION.interfaceTimeResolution, Buffer.of(TIME_RESOLUTION)),
  ]);
}

export interface CapturedPacket {
  readonly interface: number;
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  readonly outbound: boolean;
  /** Bytes of the packet before it was cut. */
  readonly length: number;
  readonly data: Uint8Array;
}

export function packetBlockBytes(captured: number): number {
  return FRAME_BYTES + PACKET_FIELDS + padded(captured) + PACKET_OPTIONS;
}

/** Writes a packet's block, without making one of its own. @returns the offset behind it */
export function writePacketBlock(target: Buffer, offset: number, packet: CapturedPacket): number {
  const { data, time } = packet;
  const bytes = packetBlockBytes(data.length);
  target.writeUInt32LE(BLOCK.packet, offset);
  target.writeUInt32LE(bytes, offset + 4);
  target.writeUInt32LE(packet.interface, offset + 8);
  writeTime(target, offset + 12, time);
  target.writeUInt32LE(data.length, offset + 20);
  target.writeUInt32LE(packet.length, offset + 24);
  target.set(data, offset + 28);
  const options = offset + 28 + padded(data.length);
  target.fill(0, offset + 28 + data.length, options);
  target.writeUInt16LE(OPTION.packetFlags, options);
  target.writeUInt16LE(4, options + 2);
  target.writeUInt32LE(packet.outbound ? 2 : 1, options + 4);
  target.writeUInt32LE(OPTION.end, options + 8);
  target.writeUInt32LE(bytes, options + 12);
  return offset + bytes;
}

/** @param time nanoseconds since the epoch @param received packets that the interface had @param dropped of those, lost */
export function statisticsBlock(
  interfaceNumber: number,
  time: bigint,
  received: number,
  dropped: number,
): Buffer {
  const fields = Buffer.alloc(12);
  fields.writeUInt32LE(interfaceNumber, 0);
  writeTime(fields, 4, time);
  return block(BLOCK.statistics, fields, [
    option(OPTION.statisticsReceived, uint64(received)),
    option(OPTION.statisticsDropped, uint64(dropped)),
  ]);
}

/** The upper half comes first, whatever the byte order. */
function writeTime(target: Buffer, offset: number, time: bigint): void {
  target.writeUInt32LE(Number(time >> 32n), offset);
  target.writeUInt32LE(Number(time & 0xffffffffn), offset + 4);
}

function block(type: number, fields: Buffer, options: readonly Buffer[]): Buffer {
  const body = Buffer.concat([fields, ...options, option(OPTION.end, Buffer.alloc(0))]);
  const frame = Buffer.alloc(FRAME_BYTES + body.length);
  frame.writeUInt32LE(type, 0);
  frame.writeUInt32LE(frame.length, 4);
  frame.set(body, 8);
  frame.writeUInt32LE(frame.length, 8 + body.length);
  return frame;
}

function option(code: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + padded(value.length));
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt16LE(value.length, 2);
  bytes.set(value, 4);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}
