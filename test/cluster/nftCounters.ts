/**
 * Counters that the kernel keeps for us on one interface of a node: the truth that a flow's figures are compared with.
 * They sit in a table of the netdev family, before and after everything else on that interface.
 */
import { randomBytes } from 'node:crypto';
import type { Cluster, NodeName } from './cluster.ts';
import { inNode } from './inNode.ts';

export interface Count {
  /** Socket buffers; a GSO buffer counts once, so compare packets where segmentation offload is off or unused. */
  readonly packets: number;
  /** Bytes from the network header on. */
  readonly bytes: number;
}

/** Counter -> the nft expression of what it counts, such as `ip daddr 10.0.0.1 tcp dport 80`. Empty: everything. */
export type Matches = Readonly<Record<string, string>>;

export interface NftCounters {
  /** Counted at the interface's ingress: on a pod's host veth, what the pod sent. */
  ingress(): Promise<Record<string, Count>>;
  /** Counted at the interface's egress: on a pod's host veth, what goes to the pod. */
  egress(): Promise<Record<string, Count>>;
  remove(): Promise<void>;
}

const HOOKS = ['ingress', 'egress'] as const;

/** Starts counting on an interface of a node; call remove() when done. Counter names are letters, digits, `_`. */
export async function addNftCounters(
  cluster: Cluster,
  node: NodeName,
  device: string,
  matches: Matches,
): Promise<NftCounters> {
  const table = `counters_${randomBytes(4).toString('hex')}`;
  const names = Object.keys(matches);
  const declared = HOOKS.flatMap((hook) => names.map((name) => `counter ${hook}_${name} {}`));
  // The lowest priority at ingress and the highest at egress: nearest to the device.
  const priority = { ingress: -2147483648, egress: 2147483647 };
  const chains = HOOKS.map((hook) => {
    const rules = Object.entries(matches).map(([name, match]) => `${match} counter name ${hook}_${name}`);
    return `chain ${hook} { type filter hook ${hook} device "${device}" priority ${priority[hook]};\n${rules.join('\n')}\n}`;
  });
  const ruleset = `table netdev ${table} {\n${[...declared, ...chains].join('\n')}\n}`;
  await inNode(cluster, node, ['nft', '-f', '-'], { input: ruleset });
  const read = async (hook: string) => {
    const listing = await inNode(cluster, node, [
      'nft',
      '--json',
      'list',
      'counters',
      'table',
      'netdev',
      table,
    ]);
    return Object.fromEntries(
      names.map((name): [string, Count] => [name, findCounter(listing, `${hook}_${name}`)]),
    );
  };
  return {
    ingress: () => read('ingress'),
    egress: () => read('egress'),
    remove: async () => {
      await inNode(cluster, node, ['nft', 'delete', 'table', 'netdev', table]);
    },
  };
}

interface NftListing {
  readonly nftables: readonly { readonly counter?: Count & { readonly name: string } }[];
}

function findCounter(listing: string, name: string): Count {
  const found = (JSON.parse(listing) as NftListing).nftables.find(
    (object) => object.counter?.name === name,
  )?.counter;
  if (found === undefined) throw new Error(`nft lists no counter ${name}`);
  return { packets: found.packets, bytes: found.bytes };
}
