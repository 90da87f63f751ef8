/** Command line: up.ts [hostgw|vxlan|ptp|flannel|cilium] [iptables|nftables|none]. VETHSCOPE_CLUSTER names it, to have several. */
import { kubeconfigOf, PROXY_MODES, SHAPES } from './cluster.ts';
import { startCluster } from './start.ts';

const [shape = 'hostgw', proxyMode = 'iptables', ...rest] = process.argv.slice(2);

function oneOf<T extends string>(names: readonly T[], word: string): T {
  const found = names.find((name) => name === word);
  if (found !== undefined) return found;
  console.error(
    `"${word}" is none of ${names.join(', ')}\nusage: npm run cluster:up [-- ${SHAPES.join('|')} [${PROXY_MODES.join('|')}]]`,
  );
  process.exit(2);
}

if (rest.length > 0) oneOf([], rest.join(' '));
const started = performance.now();
try {
  const cluster = await startCluster({
    shape: oneOf(SHAPES, shape),
    proxyMode: oneOf(PROXY_MODES, proxyMode),
    progress: (step) =>
      console.error(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${step}`),
  });
  console.log(`export KUBECONFIG=${kubeconfigOf(cluster, 'admin')}`);
} catch (error) {
  console.error(
    error instanceof Error ? [error.message, error.cause].filter(Boolean).map(String).join('\n') : error,
  );
  process.exitCode = 1;
}
