/** What the kernel says of a TCP socket by `ss -ti`: wire segments, whatever the size of the buffers they left in. */
import { runIn } from '../commands.ts';

export interface TcpSocketFacts {
  /** Segments sent, with handshake, acknowledgements and retransmissions. */
  readonly segmentsOut: number;
  readonly segmentsIn: number;
  readonly dataSegmentsOut: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly maximumSegment: number;
}

/** Facts of the socket with this local port; throws when there is not exactly one with a peer. */
export function tcpSocket(netns: string, localPort: number): TcpSocketFacts {
  return socketFacts(netns, 'sport', localPort);
}

/** Likewise of the socket whose peer has this port. */
export function tcpSocketTo(netns: string, remotePort: number): TcpSocketFacts {
  return socketFacts(netns, 'dport', remotePort);
}

function socketFacts(netns: string, end: 'sport' | 'dport', port: number): TcpSocketFacts {
  const lines = runIn(netns, 'ss', ['-tinHO', 'state', 'established', end, '=', `:${port}`])
    .trim()
    .split('\n');
  if (lines.length !== 1 || !lines[0]) {
    throw new Error(`ss shows ${lines.length} sockets with ${end} ${port} in ${netns}, not one`);
  }
  const text = lines[0];
  // Fields that are zero are left out by ss.
  const field = (name: string): number => Number(new RegExp(`\\b${name}:(\\d+)`).exec(text)?.[1] ?? 0);
  return {
    segmentsOut: field('segs_out'),
    segmentsIn: field('segs_in'),
    dataSegmentsOut: field('data_segs_out'),
    bytesSent: field('bytes_sent'),
    bytesReceived: field('bytes_received'),
    maximumSegment: field('mss'),
  };
}
