/** Layer-2 bytes of a connection, computed from what the client's socket says of it. */
import type { Row } from './observedRows.ts';
import type { Fault } from './judge.ts';
import { fault } from './judge.ts';
import type { SocketFacts } from './sockets.ts';

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

export function compareBytes(row: Row, expected: WireBytes): Fault[] {
  return (['sent', 'received'] as const).flatMap((way) =>
    row[way].bytes === expected[way]
      ? []
      : [fault('other', `${row[way].bytes} bytes ${way}, the client's socket has ${expected[way]}`)],
  );
}
