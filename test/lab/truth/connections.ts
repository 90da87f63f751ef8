/** What conntrack(8) lists in a namespace. */
import { runIn } from '../commands.ts';

export interface ConntrackEnds {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
}

export interface Connection {
  readonly protocol: string;
  /** As the client asked. */
  readonly original: ConntrackEnds;
  /** As the answer comes: from who answers, to where the packets came from. */
  readonly reply: ConntrackEnds;
  readonly line: string;
}

/** Of TCP, UDP and ICMP echo; of echoes both ports are the id. */
export function connections(netns: string): Connection[] {
  return ['ipv4', 'ipv6'].flatMap((family) =>
    runIn(netns, 'conntrack', ['-L', '-f', family, '-o', 'extended'])
      .split('\n')
      .flatMap((line) => parse(line) ?? []),
  );
}

function parse(line: string): Connection | null {
  const protocol = /^ipv[46]\s+\d+\s+(tcp|udp|icmp|icmpv6)\s/.exec(line)?.[1];
  const pattern = /src=(\S+) dst=(\S+) (?:sport=(\d+) dport=(\d+)|type=(\d+) code=\d+ id=(\d+))/g;
  const [original, reply] = [...line.matchAll(pattern)];
  if (protocol === undefined || original === undefined || reply === undefined) return null;
  const echo = original[5] !== undefined;
  if (echo && !['8', '128'].includes(original[5] ?? '')) return null;
  return { protocol, original: ends(original), reply: ends(reply), line };
}

function ends(match: RegExpMatchArray): ConntrackEnds {
  const [, source = '', destination = '', sourcePort, destinationPort, , id] = match;
  return {
    source,
    sourcePort: Number(sourcePort ?? id),
    destination,
    destinationPort: Number(destinationPort ?? id),
  };
}
