/** Texts without what is another each time: that is replaced by what the cluster calls it. */
import { CILIUM_INTERFACE } from '../../../src/model/nodeShape.ts';
import { netnsPath } from '../../lab/commands.ts';
import { addressesOf } from '../cases/clusterState.ts';
import type { ClusterState } from '../cases/clusterState.ts';
import { addressOf, nodeNamespace, NODES } from '../cluster.ts';
import type { Cluster, NodeName } from '../cluster.ts';
import { run } from '../command.ts';
import type { Conversation } from './conversation.ts';

/** By what is replaced. */
export type Placeholders = ReadonlyMap<string, string>;

interface Link {
  readonly ifname: string;
  readonly ifindex: number;
  readonly link_index?: number;
  readonly linkinfo?: { readonly info_kind?: string };
  readonly addr_info: readonly { readonly family: string; readonly local: string }[];
}

/**
 * Addresses of pods, Services, machines and nodes' interfaces, names of pods' veths, the namespace.
 * @param networks network namespaces of pods, by `NAMESPACE/POD`
 */
export async function placeholders(
  cluster: Cluster,
  state: ClusterState,
  namespace: string,
  networks: ReadonlyMap<string, string>,
): Promise<Placeholders> {
  const found = new Map<string, string>([[namespace, '{namespace}']]);
  const ofNodes = new Map<NodeName, readonly Link[]>();
  for (const node of NODES) {
    const links = await linksIn(nodeNamespace(cluster.id, node));
    ofNodes.set(node, links);
    for (const { ifname, linkinfo, addr_info } of links) {
      // Without a bridge every veth has the gateway's address.
      const isOfPod = linkinfo?.info_kind === 'veth' && ifname !== 'eth0' && ifname !== CILIUM_INTERFACE;
      const name = isOfPod ? 'veths' : ifname;
      for (const { family, local } of addr_info) {
        if (family === 'inet' && name !== 'lo') found.set(local, `{${node} ${name}}`);
      }
    }
    found.set(state.podRangeOf(node), `{pods of ${node}}`);
  }
  found.set(addressOf(cluster, 'outside').replace(/\d+$/, '0/24'), '{machines}');
  for (const machine of ['node-a', 'node-b', 'outside', 'fabric'] as const) {
    found.set(addressOf(cluster, machine), `{${machine}}`);
  }
  for (const { metadata, spec } of state.servicesOf(namespace)) {
    if (spec.clusterIP !== undefined) found.set(spec.clusterIP, `{Service ${metadata.name}}`);
    for (const { nodePort } of spec.ports ?? []) {
      if (nodePort !== undefined) found.set(`:${nodePort}`, `:{NodePort of ${metadata.name}}`);
    }
  }
  for (const [owner, netns] of networks) {
    const [, name = ''] = owner.split('/');
    const pod = state.podNamed(namespace, name);
    for (const address of addressesOf(pod)) found.set(address, `{${name}}`);
    const index = (await linksIn(netns)).find(({ ifname }) => ifname === 'eth0')?.link_index;
    const ofNode = NODES.find((node) => node === pod.spec.nodeName);
    const links = ofNode === undefined ? [] : (ofNodes.get(ofNode) ?? []);
    const veth = links.find(({ ifindex }) => ifindex === index);
    if (veth !== undefined) found.set(veth.ifname, `{veth of ${name}}`);
  }
  return found;
}

async function linksIn(netns: string): Promise<readonly Link[]> {
  const ip = ['ip', '-json', '-details', 'address'];
  return JSON.parse(await run('nsenter', [`--net=${netnsPath(netns)}`, '--', ...ip])) as Link[];
}

/** What a promiscuous bridge sends on once more (`Aside`) comes twice, and the receiver's TCP drops the second or takes it. */
const SENT_TWICE = ' sends on once more)';
const DROPPED_DUPLICATES = /^ +x \d+ packets? dropped at eth0 of pod .*: NOT_SPECIFIED\n/gm;

/** A path's text with the placeholders, and without ports that the client or a masquerade chose and figures. */
export function neutral(text: string, { facts, talk }: Conversation, known: Placeholders): string {
  const ports = facts.path.views
    .filter(({ original, translated }) => original.sourcePort !== translated.sourcePort)
    .map(({ node, translated }): [string, string] => [`:${translated.sourcePort}`, `:{port by ${node}}`]);
  const all = new Map([...known, ...ports, [`:${talk.port}`, ':{port}']]);
  const longestFirst = [...all.keys()].sort((a, b) => b.length - a.length);
  const alternatives = longestFirst.map(
    (key) => `${key.startsWith(':') ? '' : '(?<![\\w.])'}${escaped(key)}`,
  );
  return text
    .replace(new RegExp(`(?:${alternatives.join('|')})(?![\\w.]|-\\w)`, 'g'), (key) => all.get(key) ?? key)
    .replace(/\d+ packets, \d+ bytes/g, 'counted')
    .replace(/\d+ cop(y|ies) dropped/g, 'copies dropped')
    .replace(DROPPED_DUPLICATES, (line) => (text.includes(SENT_TWICE) ? '' : line));
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
