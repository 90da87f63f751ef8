import { addressText } from '../../src/identity/address.ts';
import { viewOf } from '../../src/collector/flowLayout.ts';
import { CONNTRACK, CONNTRACK_BYTES, CONNTRACK_KIND, TUPLE } from '../../src/nat/conntrackLayout.ts';
import { addon } from './addon.ts';
import type { End } from './vethPair.ts';

/** One entry, as both `conntrack` and the addon can tell it. */
export interface Entry {
  readonly id: number;
  readonly family: string;
  readonly protocol: number;
  readonly state: string;
  readonly original: string;
  readonly reply: string;
  readonly zone: number;
  readonly answered: boolean;
  readonly assured: boolean;
}

/** `enum tcp_conntrack` of linux/netfilter/nf_conntrack_tcp.h, in the words of conntrack(8). */
const TCP_STATES = [
  'NONE',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
];
const TCP = 6;
const ICMP = new Set([1, 58]);
/** IPS_SEEN_REPLY and IPS_ASSURED of linux/netfilter/nf_conntrack_common.h. */
const SEEN_REPLY = 2;
const ASSURED = 4;

/** Entries of packed records, and which kind each is. */
export function entriesOf(records: Buffer): (Entry & { kind: string; timeout: number; start: number })[] {
  if (records.length % addon.layout.conntrackRecordBytes !== 0) throw new Error('not whole records');
  const view = viewOf(records);
  return Array.from({ length: records.length / CONNTRACK_BYTES }, (_, index) => {
    const base = index * CONNTRACK_BYTES;
    const protocol = view.getUint8(base + CONNTRACK.protocol);
    const status = view.getUint32(base + CONNTRACK.status, true);
    const kind = view.getUint8(base + CONNTRACK.kind);
    const icmp = (at: number): string =>
      `type=${view.getUint8(base + at)} code=${view.getUint8(base + at + 1)}`;
    const tuple = (at: number, types: number): string => {
      const ends = `src=${addressText(view, base + at)} dst=${addressText(view, base + at + TUPLE.destination)}`;
      const source = view.getUint16(base + at + TUPLE.sourcePort, true);
      const destination = view.getUint16(base + at + TUPLE.destinationPort, true);
      return ICMP.has(protocol)
        ? `${ends} ${icmp(types)} id=${source}`
        : `${ends} sport=${source} dport=${destination}`;
    };
    return {
      id: view.getUint32(base + CONNTRACK.id, true),
      family: `ipv${view.getUint8(base + CONNTRACK.family)}`,
      protocol,
      state: protocol === TCP ? (TCP_STATES[view.getUint8(base + CONNTRACK.state)] ?? '?') : '',
      original: tuple(CONNTRACK.original, CONNTRACK.icmpType),
      reply: tuple(CONNTRACK.reply, CONNTRACK.replyIcmpType),
      zone: view.getUint16(base + CONNTRACK.zone, true),
      answered: (status & SEEN_REPLY) !== 0,
      assured: (status & ASSURED) !== 0,
      kind: Object.entries(CONNTRACK_KIND).find(([, value]) => value === kind)?.[0] ?? '?',
      timeout: view.getUint32(base + CONNTRACK.timeout, true),
      start: Number(view.getBigUint64(base + CONNTRACK.start, true) / 1_000_000n),
    };
  });
}

/** A line that `conntrack -o extended,id` prints, null where it is none. */
export function parseEntry(line: string): (Entry & { timeout: number }) | null {
  const pattern = /(ipv[46])\s+\d+\s+\S+\s+(\d+)\s+(?:(\d+)\s+)?(?:([A-Z_0-9]+)\s+)?(src=.*)/;
  const [, family = '', protocol, timeout, state = '', rest = ''] = pattern.exec(line) ?? [];
  if (protocol === undefined) return null;
  const tuples = [...rest.matchAll(/src=\S+ dst=\S+ (?:sport=\d+ dport=\d+|type=\d+ code=\d+ id=\d+)/g)];
  const number = (name: string): number =>
    Number(new RegExp(`\\b${name}=(\\d+)`).exec(rest.slice(tuples.at(-1)?.index ?? 0))?.[1] ?? 0);
  return {
    // The id comes last; an ICMP tuple has one of its own.
    id: Number([...rest.matchAll(/\bid=(\d+)/g)].at(-1)?.[1] ?? 0),
    family,
    protocol: Number(protocol),
    state,
    original: tuples[0]?.[0] ?? '',
    reply: tuples[1]?.[0] ?? '',
    zone: number('zone'),
    answered: !rest.includes('[UNREPLIED]'),
    assured: rest.includes('[ASSURED]'),
    timeout: Number(timeout ?? 0),
  };
}

/** What `conntrack -L` lists in a namespace, in the order of ids. */
export function listedByConntrack(end: End): (Entry & { timeout: number })[] {
  return ['ipv4', 'ipv6']
    .flatMap((family) => end.run('conntrack', '-L', '-f', family, '-o', 'extended,id').split('\n'))
    .flatMap((line) => parseEntry(line) ?? [])
    .sort((a, b) => a.id - b.id);
}
