/** What a node says of its own wiring, to hold the evidence of reasons to: ip(8) and sysctl(8) in its namespace. */
import type { Cluster, NodeName } from '../cluster.ts';
import { inNode } from '../inNode.ts';

interface Link {
  readonly ifname: string;
  readonly master?: string;
  readonly promiscuity?: number;
  readonly flags: readonly string[];
}

export class NodeFacts {
  readonly #links: readonly Link[];
  readonly #routes: readonly string[];
  readonly #sysctls: ReadonlyMap<string, string>;

  private constructor(
    links: readonly Link[],
    routes: readonly string[],
    sysctls: ReadonlyMap<string, string>,
  ) {
    this.#links = links;
    this.#routes = routes;
    this.#sysctls = sysctls;
  }

  static async read(cluster: Cluster, node: NodeName): Promise<NodeFacts> {
    const links = JSON.parse(await inNode(cluster, node, ['ip', '-json', '-details', 'link'])) as Link[];
    const routes = await inNode(cluster, node, ['ip', 'route', 'show', 'table', 'all']);
    const sysctls = await inNode(cluster, node, [
      'sysctl',
      '-a',
      '-r',
      '^net\\.bridge\\.bridge-nf-call-ip6?tables$',
    ]);
    return new NodeFacts(
      links,
      routes.split('\n'),
      new Map(
        sysctls
          .split('\n')
          .filter(Boolean)
          .map((line) => {
            const [name = '', value = ''] = line.split(' = ');
            return [name.replaceAll('.', '/'), value];
          }),
      ),
    );
  }

  /** Whether the node says the same as a line of evidence. */
  confirms(evidence: string): boolean {
    const [, one, two, bridge] = /^(\S+) and (\S+) are ports of (\S+)$/.exec(evidence) ?? [];
    if (bridge !== undefined) return [one, two].every((port) => this.#link(port)?.master === bridge);
    const [, quiet] = /^(\S+) is not promiscuous$/.exec(evidence) ?? [];
    if (quiet !== undefined) return this.isSwitching(quiet);
    const [, sysctl, value] = /^(net\/\S+) = (\S+)$/.exec(evidence) ?? [];
    if (sysctl !== undefined) return this.#sysctls.get(sysctl) === value;
    return this.#routes.some((route) => `${route} `.startsWith(`${evidence} `));
  }

  /** Whether it is there and not promiscuous. */
  isSwitching(name: string): boolean {
    const found = this.#link(name);
    return found !== undefined && !found.flags.includes('PROMISC') && found.promiscuity === 0;
  }

  #link(name: string | undefined): Link | undefined {
    return this.#links.find(({ ifname }) => ifname === name);
  }
}
