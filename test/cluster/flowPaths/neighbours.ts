/**
 * Which MACs of pods a node knows: a bridge that shows its frames to netfilter sends by itself what is translated to one that
 * it does not know for sure, and that would change by itself, at times of the kernel's choice.
 */
import { addressesOf } from '../cases/clusterState.ts';
import type { ClusterState } from '../cases/clusterState.ts';
import { NODES } from '../cluster.ts';
import type { Cluster, NodeName } from '../cluster.ts';
import { inNode } from '../inNode.ts';

const BRIDGE = 'cni0';
const BACKENDS = ['web-a', 'web-b'];
const PORT = 8080;

interface Backend {
  readonly node: NodeName;
  readonly address: string;
}

export class Neighbours {
  readonly #cluster: Cluster;
  readonly #backends: readonly Backend[];
  readonly #known: Backend[] = [];

  constructor(cluster: Cluster, state: ClusterState, namespace: string) {
    this.#cluster = cluster;
    this.#backends = BACKENDS.map((name) => state.podNamed(namespace, name)).flatMap((pod) => {
      const node = NODES.find((one) => one === pod.spec.nodeName);
      return node === undefined ? [] : addressesOf(pod).map((address) => ({ node, address }));
    });
  }

  /** Both nodes know their backend's MAC until they are told to forget it. */
  async know(): Promise<void> {
    for (const { node, address } of this.#backends) {
      const ask = async (): Promise<string> =>
        await inNode(this.#cluster, node, ['socat', '-u', 'OPEN:/dev/null', `TCP4:${address}:${PORT}`]);
      await ask();
      const listing = await inNode(this.#cluster, node, [
        'ip',
        '-json',
        'neigh',
        'show',
        address,
        'dev',
        BRIDGE,
      ]);
      const [{ lladdr } = { lladdr: '' }] = JSON.parse(listing) as { lladdr: string }[];
      this.#known.push({ node, address });
      await this.#ip(node, 'replace', address, 'lladdr', lladdr, 'nud', 'permanent', 'dev', BRIDGE);
      // The kernel keeps the header that it switches by from the first packet on that it sends itself.
      await ask();
    }
  }

  /** Also where they know nothing. */
  async forget(): Promise<void> {
    for (const { node, address } of this.#known.splice(0)) {
      await this.#ip(node, 'del', address, 'dev', BRIDGE);
    }
  }

  async #ip(node: NodeName, ...args: string[]): Promise<void> {
    await inNode(this.#cluster, node, ['ip', 'neigh', ...args]);
  }
}
