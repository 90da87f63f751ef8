/** Classic pcap files with Ethernet frames, in the machine's little-endian order. */

const MAGIC_NANOSECONDS = 0xa1b23c4d;
const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const LINKTYPE_ETHERNET = 1;
const SNAP_LENGTH = 262_144;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;

/** The whole file, in nanoseconds; a packet's timestamp is its index in microseconds. */
export function writePcap(packets: readonly Buffer[]): Buffer {
  const length = packets.reduce((sum, packet) => sum + RECORD_HEADER + packet.length, FILE_HEADER);
  const file = Buffer.alloc(length);
  file.writeUInt32LE(MAGIC_NANOSECONDS, 0);
  file.writeUInt16LE(2, 4);
  file.writeUInt16LE(4, 6);
  file.writeUInt32LE(SNAP_LENGTH, 16);
  file.writeUInt32LE(LINKTYPE_ETHERNET, 20);
  let offset = FILE_HEADER;
  packets.forEach((packet, index) => {
    file.writeUInt32LE(Math.floor(index / 1_000_000), offset);
    file.writeUInt32LE((index % 1_000_000) * 1000, offset + 4);
    file.writeUInt32LE(packet.length, offset + 8);
    file.writeUInt32LE(packet.length, offset + 12);
    packet.copy(file, offset + RECORD_HEADER);
    offset += RECORD_HEADER + packet.length;
  });
  return file;
}

/** Its packets, as far as they were captured. */
export function readPcap(file: Buffer): Buffer[] {
  const isKnown = [MAGIC_MICROSECONDS, MAGIC_NANOSECONDS].includes(file.readUInt32LE(0));
  if (!isKnown || file.readUInt32LE(20) !== LINKTYPE_ETHERNET) {
    throw new Error('not a little-endian capture of Ethernet frames');
  }
  const packets: Buffer[] = [];
  for (let offset = FILE_HEADER; offset < file.length;) {
    const start = offset + RECORD_HEADER;
    offset = start + file.readUInt32LE(offset + 8);
    packets.push(file.subarray(start, offset));
  }
  return packets;
}
