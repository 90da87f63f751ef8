/** What the parser left in its map: struct parsed_packet of programs/parsed_packet.h, little-endian. */
import { UNPARSED_CAUSES } from '../../src/model/ledger.ts';
import type { FlowKey } from './flowKey.ts';

export type Cause = (typeof UNPARSED_CAUSES)[number];

export interface ParsedPacket {
  /** Null: it was parsed. */
  readonly cause: Cause | null;
  readonly outer: FlowKey | null;
  readonly innerCause: Cause | null;
  readonly inner: FlowKey | null;
  readonly quoted: FlowKey | null;
  readonly vni: number;
}

const KEY_SIZE = 44;
const OFFSETS = {
  outer: 0,
  inner: KEY_SIZE,
  quoted: 2 * KEY_SIZE,
  cause: 132,
  innerCause: 136,
  vni: 140,
  flags: 144,
};
export const PARSED_PACKET_SIZE = 148;
const VALID = { outer: 1, inner: 2, quoted: 4 };

function readKey(bytes: Buffer, offset: number): FlowKey {
  return {
    source: bytes.toString('hex', offset, offset + 16),
    destination: bytes.toString('hex', offset + 16, offset + 32),
    sourcePort: bytes.readUInt16LE(offset + 36),
    destinationPort: bytes.readUInt16LE(offset + 38),
    protocol: bytes.readUInt8(offset + 40),
    family: bytes.readUInt8(offset + 41),
    detail: bytes.readUInt16LE(offset + 42),
  };
}

function readCause(number: number): Cause | null {
  if (number === UNPARSED_CAUSES.length) return null;
  const cause = UNPARSED_CAUSES[number];
  if (cause === undefined) {
    throw new Error(`the parser gave cause ${number}, which src/model/ledger.ts does not name`);
  }
  return cause;
}

export function readParsedPacket(bytes: Buffer): ParsedPacket {
  const flags = bytes.readUInt32LE(OFFSETS.flags);
  const key = (which: keyof typeof VALID): FlowKey | null =>
    flags & VALID[which] ? readKey(bytes, OFFSETS[which]) : null;
  return {
    cause: readCause(bytes.readUInt32LE(OFFSETS.cause)),
    outer: key('outer'),
    innerCause: readCause(bytes.readUInt32LE(OFFSETS.innerCause)),
    inner: key('inner'),
    quoted: key('quoted'),
    vni: bytes.readUInt32LE(OFFSETS.vni),
  };
}
