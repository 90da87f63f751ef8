/**
 * `flowReceiver.ts PORT`: takes what NetObserv's agent exports (gRPC, `pbflow.Collector/Send`) on loopback, and prints
 * {"records","packets"} so far for every line of its input. Packets of TCP and UDP over IPv4 only.
 */
import { createServer } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import { createInterface } from 'node:readline';
import { BinaryReader } from '@bufbuild/protobuf/wire';

/** Numbers of the fields that are read. */
const RECORDS = { entries: 1 } as const;
const RECORD = { etherType: 1, transport: 7, packets: 9 } as const;
const TRANSPORT = { protocol: 3 } as const;
const IPV4 = 0x0800;
const TCP_AND_UDP = [6, 17];
/** One byte says whether the message is compressed, four its length. */
const FRAME_HEADER = 5;

const totals = { records: 0, packets: 0 };

/** Calls back for each field, which then reads its value, or skips it where none is read. */
function eachField(bytes: Uint8Array, take: (field: number, reader: BinaryReader) => boolean): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (!take(field, reader)) reader.skip(type, field);
  }
}

function countRecord(bytes: Uint8Array): void {
  let [packets, etherType, protocol] = [0, 0, 0];
  eachField(bytes, (field, reader) => {
    if (field === RECORD.packets) packets = Number(reader.uint64());
    else if (field === RECORD.etherType) etherType = reader.uint32();
    else if (field === RECORD.transport) protocol = protocolOf(reader.bytes());
    else return false;
    return true;
  });
  totals.records++;
  if (etherType === IPV4 && TCP_AND_UDP.includes(protocol)) totals.packets += packets;
}

function protocolOf(bytes: Uint8Array): number {
  let protocol = 0;
  eachField(bytes, (field, reader) => {
    if (field !== TRANSPORT.protocol) return false;
    protocol = reader.uint32();
    return true;
  });
  return protocol;
}

function countMessage(bytes: Buffer): void {
  if (bytes[0] !== 0 || bytes.length !== FRAME_HEADER + bytes.readUInt32BE(1)) {
    throw new Error('a request is compressed or holds more than one message');
  }
  eachField(bytes.subarray(FRAME_HEADER), (field, reader) => {
    if (field !== RECORDS.entries) return false;
    countRecord(reader.bytes());
    return true;
  });
}

function answer(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(Buffer.alloc(FRAME_HEADER));
}

const server = createServer({ settings: { initialWindowSize: 8 << 20 } });
server.on('stream', (stream) => {
  const parts: Buffer[] = [];
  stream.on('data', (part: Buffer) => parts.push(part));
  stream.on('end', () => {
    countMessage(Buffer.concat(parts));
    answer(stream);
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('ready'));
const lines = createInterface({ input: process.stdin });
lines.on('line', () => console.log(JSON.stringify(totals)));
lines.on('close', () => process.exit());
