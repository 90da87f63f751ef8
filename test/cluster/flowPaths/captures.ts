/** What tshark counts at every interface of both nodes and of the pods that talk, at the same time. */
import type { Tuple } from '../../../src/model/flow.ts';
import { tupleText } from '../../../src/model/path/pathText.ts';
import { run } from '../command.ts';
import { netnsPath } from '../../lab/commands.ts';
import { Sniffer } from '../../lab/truth/sniffer.ts';

/** All packets of a tuple that passed an interface one way. */
export interface Captured {
  /** Whose namespace: a node's name, or `NAMESPACE/POD`. */
  readonly owner: string;
  readonly interface: string;
  /** On the way out of the interface. Of a loopback tshark shows the way in alone. */
  readonly egress: boolean;
  /** In a tunnel's packets. */
  readonly inner: boolean;
  readonly tuple: Tuple;
  readonly packets: number;
  /** When the first passed, seconds since the epoch. */
  readonly first: number;
}

const COLUMNS = [
  'frame.time_epoch',
  'sll.ifindex',
  'sll.pkttype',
  'ip.src',
  'ip.dst',
  'tcp.srcport',
  'tcp.dstport',
];
/** How af_packet marks what leaves (PACKET_OUTGOING). */
const OUTGOING = '4';
const FILTER = 'tcp or udp port 8472';
/** One capture of all interfaces tells of each packet which one and which way; flannel's port of tunnels is not the standard's. */
const OPTIONS = ['-y', 'LINUX_SLL2', '-d', 'udp.port==8472,vxlan'];

interface Capture {
  readonly owner: string;
  readonly netns: string;
  readonly sniffer: Sniffer;
}

export class Captures {
  readonly #captures: readonly Capture[];

  private constructor(captures: readonly Capture[]) {
    this.#captures = captures;
  }

  /** Returns when all capture. @param namespaces by owner */
  static async start(namespaces: ReadonlyMap<string, string>): Promise<Captures> {
    const started = [...namespaces].map(async ([owner, netns]) => ({
      owner,
      netns,
      sniffer: await Sniffer.start(netns, ['any'], FILTER, COLUMNS, OPTIONS),
    }));
    return new Captures(await Promise.all(started));
  }

  /** Ends what is still running. */
  stop(): void {
    for (const { sniffer } of this.#captures) sniffer.stop();
  }

  async end(): Promise<readonly Captured[]> {
    const counted = this.#captures.map(async ({ owner, netns, sniffer }) => {
      const names = await interfaceNames(netns);
      return countRows(owner, names, await sniffer.end());
    });
    return (await Promise.all(counted)).flat();
  }
}

async function interfaceNames(netns: string): Promise<ReadonlyMap<number, string>> {
  const listing = await run('nsenter', [`--net=${netnsPath(netns)}`, '--', 'ip', '-json', 'link']);
  const links = JSON.parse(listing) as { ifindex: number; ifname: string }[];
  return new Map(links.map(({ ifindex, ifname }) => [ifindex, ifname]));
}

function countRows(
  owner: string,
  names: ReadonlyMap<number, string>,
  rows: readonly string[][],
): readonly Captured[] {
  const counted = new Map<string, Captured>();
  for (const [time, ifindex, type, sources = '', destinations = '', sourcePort = '', port = ''] of rows) {
    // Of what a tunnel carries tshark lists the outer address first.
    const [from, to] = [sources.split(','), destinations.split(',')];
    const tuple: Tuple = {
      source: from.at(-1) ?? '',
      sourcePort: Number(sourcePort),
      destination: to.at(-1) ?? '',
      destinationPort: Number(port),
    };
    const name = names.get(Number(ifindex)) ?? `interface ${ifindex}`;
    const place = { owner, interface: name, egress: type === OUTGOING, inner: from.length > 1, tuple };
    const key = [name, place.egress, place.inner, tupleText(tuple)].join();
    const before = counted.get(key) ?? { packets: 0, first: Number(time) };
    counted.set(key, { ...place, packets: before.packets + 1, first: Math.min(before.first, Number(time)) });
  }
  return [...counted.values()];
}
