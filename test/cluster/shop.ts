/** The example workload of the demo and of tests: see manifests/shop.yaml. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NODES } from './cluster.ts';
import type { Cluster } from './cluster.ts';
import { TOOLS_IMAGE } from './images/names.ts';
import { inNode } from './inNode.ts';
import { applyManifest, kubectl } from './kubectl.ts';
import { waitForPods } from './pods.ts';

export const SHOP_NAMESPACE = 'shop';

/** A flush makes it safe to apply twice. */
const POLICY = `table inet shop_policy {}
delete table inet shop_policy
table inet shop_policy {
  chain forward {
    type filter hook forward priority 10;
    tcp dport 6379 counter drop
  }
}
`;

/** Opens the shop and waits until all its pods are ready. */
export async function openShop(cluster: Cluster): Promise<void> {
  for (const node of NODES) await inNode(cluster, node, ['nft', '-f', '-'], { input: POLICY });
  const manifest = readFileSync(join(import.meta.dirname, 'manifests/shop.yaml'), 'utf8');
  await applyManifest(cluster, manifest, { TOOLS_IMAGE });
  const rollout = ['-n', SHOP_NAMESPACE, 'rollout', 'status', 'deploy/web', '--timeout=60s'];
  await kubectl(cluster, rollout, { timeout: 65_000 });
  await waitForPods(cluster, SHOP_NAMESPACE, 'part-of=shop');
}

export async function closeShop(cluster: Cluster): Promise<void> {
  await kubectl(cluster, ['delete', 'namespace', SHOP_NAMESPACE, '--ignore-not-found'], { timeout: 90_000 });
  for (const node of NODES) await inNode(cluster, node, ['nft', 'delete', 'table', 'inet', 'shop_policy']);
}
