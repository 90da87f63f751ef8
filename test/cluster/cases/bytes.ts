/** Layer-2 bytes of a connection, computed from what the client's socket says of it. */
import type { Row } from './observedRows.ts';
import type { Fault } from './judge.ts';
import { fault } from './judge.ts';
import type { NodeName } from '../cluster.ts';
import type { SocketFacts } from './sockets.ts';
import type { Line } from './table.ts';

/** Ethernet, IPv4 and TCP with time stamps, which every segment between Linux hosts has. */
const HEADERS = 14 + 20 + 32;
/** A SYN has options of 20 bytes, the others of 12. */
const OPENING = 8;

export interface WireBytes {
  readonly sent: number;
  readonly received: number;
}

/**
 * Null where either end sent something again: what acknowledges that has longer headers, and how many did nobody says.
 * @param answering the server's socket @param before the client's socket when the session began, null where the session has all of it
 */
export function wireBytes(
  socket: SocketFacts,
  answering: SocketFacts,
  before: SocketFacts | null,
): WireBytes | null {
  if (socket.hadLosses || answering.hadLosses) return null;
  const opening = before === null ? OPENING : 0;
  return {
    sent:
      opening +
      (socket.segmentsOut - (before?.segmentsOut ?? 0)) * HEADERS +
      (socket.bytesSent - (before?.bytesSent ?? 0)),
    received:
      opening +
      (socket.segmentsIn - (before?.segmentsIn ?? 0)) * HEADERS +
      (socket.bytesReceived - (before?.bytesReceived ?? 0)),
  };
}

/** A row's connection, with what its client's socket has where that can be computed. */
export interface CountedRow {
  readonly row: Row | null;
  readonly bytes: WireBytes | null;
}

/** All rows of an agent together, so that what one has too much does not hide in another. */
export function sumOfBytes(agent: NodeName, counted: readonly CountedRow[]): Line {
  const exact = counted.flatMap(({ row, bytes }) => (bytes === null ? [] : [{ row, bytes }]));
  const ofSockets = sum(exact.map(({ bytes }) => bytes.sent + bytes.received));
  const ofRows = sum(exact.map(({ row }) => (row === null ? 0 : row.sent.bytes + row.received.bytes)));
  return {
    name: `bytes of ${exact.length} of ${counted.length} connections, those without a segment sent again`,
    agent,
    expected: `${ofSockets} bytes, by the clients' sockets`,
    shown: `${ofRows} bytes`,
    evidence: 'ss -ti: bytes_sent, bytes_received, segs_out, segs_in',
    faults: [
      ...(ofRows === ofSockets ? [] : [fault('other', 'the sums differ')]),
      ...(exact.length * 2 > counted.length ? [] : [fault('other', 'too few could be computed')]),
    ],
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export function compareBytes(row: Row, expected: WireBytes): Fault[] {
  return (['sent', 'received'] as const).flatMap((way) =>
    row[way].bytes === expected[way]
      ? []
      : [fault('other', `${row[way].bytes} bytes ${way}, the client's socket has ${expected[way]}`)],
  );
}
