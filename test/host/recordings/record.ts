/**
 * Makes test/host/recordings/full-node.json.gz: the wiring of a node with 110 pods and 250 interfaces, as the agent reads it from
 * the kernel. Run as root on Linux, after `npm run build`: node test/host/recordings/record.ts
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { loadPayload } from '../../../agent/src/collector/addon.ts';
import { TopologyReader } from '../../../agent/src/topology/topologyReader.ts';
import type { PodReference } from '../../../src/model/topology.ts';
import { FullNode, podAddress, PODS } from '../../bench/fullNode.ts';

const pods = new Map<string, PodReference>(
  Array.from({ length: PODS }, (_, pod) => [
    podAddress(pod),
    { namespace: 'shop', name: `web-${pod}`, uid: `uid-${pod}` },
  ]),
);
const { addon } = loadPayload();
const node = new FullNode();
try {
  const own = new addon.NetworkNamespace(node.path);
  const { namespaces, ...more } = new TopologyReader({
    addon,
    node: 'full-node',
    watched: () => [own],
    pods: { podByUid: () => null, podByAddress: (address) => pods.get(address) ?? null },
    isAttached: (netns) => netns === own.inode,
  }).read();
  own.close();
  // Not what else lives on this machine.
  const topology = {
    ...more,
    namespaces: namespaces.filter(({ pod }, place) => place === 0 || pod !== null),
  };
  const file = join(import.meta.dirname, 'full-node.json.gz');
  writeFileSync(file, gzipSync(JSON.stringify(topology), { level: 9 }));
} finally {
  node.remove();
}
