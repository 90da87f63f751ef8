import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { kubectlProgram } from '../../cluster/kubectl.ts';
import { kubeconfigOf } from '../../cluster/cluster.ts';
import { openShop as openClusterShop, SHOP_NAMESPACE } from '../../cluster/shop.ts';
import { startCluster } from '../../cluster/start.ts';
import { stopCluster } from '../../cluster/stop.ts';
import { Lab } from '../../lab/lab.ts';
import { openShop as openLabShop } from '../../lab/shop.ts';
import type { DemoGround } from './ground.ts';

const RECORDING = join(import.meta.dirname, '../recordings/lab.jsonl');
/** Without one, the user's own kubeconfig is not shown beside the demo. */
const NO_KUBECONFIG = { KUBECONFIG: '/dev/null' };

/** A node of network namespaces with real kernel programs; Linux and root. */
export async function labGround(): Promise<DemoGround> {
  const lab = await Lab.build();
  await openLabShop(lab);
  const { name, netns } = lab.plan.node;
  return {
    what: 'live flows of a small shop in network namespaces of this machine',
    settings: { 'vethscope.localTargets': [{ name, netns, inventory: lab.inventory }] },
    environment: NO_KUBECONFIG,
    opening: {},
    close: () => lab.close(),
  };
}

/** The lab as it was recorded, on any system. */
export function recordedGround(): DemoGround {
  if (!existsSync(RECORDING)) throw new Error(`there is no recorded session at ${RECORDING}`);
  return {
    what: 'a recorded session: live flows need Linux and root, or --cluster, or --kubeconfig FILE',
    settings: { 'vethscope.localTargets': [{ name: 'lab-node', recording: RECORDING }] },
    environment: NO_KUBECONFIG,
    opening: {},
    close: () => Promise.resolve(),
  };
}

/** A real Kubernetes of two nodes on this machine, with the shop. */
export async function clusterGround(): Promise<DemoGround> {
  const name = 'demo';
  const cluster = await startCluster({ name, progress: (step) => console.log(`  ${step}`) });
  await openClusterShop(cluster);
  return {
    what: 'the shop on a real Kubernetes of two nodes on this machine',
    settings: {},
    environment: { KUBECONFIG: kubeconfigOf(cluster, 'admin'), VETHSCOPE_KUBECTL: kubectlProgram() },
    opening: { pod: { namespace: SHOP_NAMESPACE, name: 'client' } },
    close: async () => {
      await stopCluster({ name });
    },
  };
}

/** The user's own cluster: nothing opens by itself, and nothing is created before the user agrees. */
export function kubeconfigGround(path: string): DemoGround {
  const kubeconfig = resolve(path);
  if (!existsSync(kubeconfig)) throw new Error(`there is no kubeconfig at ${kubeconfig}`);
  return {
    what: `the clusters of ${kubeconfig}: run "Vethscope: Show Flows…" from the command palette`,
    settings: {},
    environment: { KUBECONFIG: kubeconfig },
    opening: null,
    close: () => Promise.resolve(),
  };
}
