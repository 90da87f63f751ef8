import { NODES } from '../cluster.ts';
import type { Cluster } from '../cluster.ts';
import { inNode } from '../inNode.ts';

/** Gives every node of a running cluster one more image, from an archive as writeImage makes it. */
export async function importImage(cluster: Cluster, archive: string): Promise<void> {
  await Promise.all(
    NODES.map((node) => inNode(cluster, node, ['ctr', '-n', 'k8s.io', 'images', 'import', archive])),
  );
}
