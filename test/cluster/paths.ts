/** Every way that packets take in a cluster, each tried by a request whose answer names who answered. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { addressOf, kubeconfigOf } from './cluster.ts';
import type { Cluster } from './cluster.ts';
import { run } from './command.ts';
import { TOOLS_IMAGE } from './images/names.ts';
import { inNode } from './inNode.ts';
import { applyManifest, kubectl, kubectlProgram } from './kubectl.ts';
import { inPod, podPlace, waitForPods } from './pods.ts';

const NAMESPACE = 'paths';

/** A path: what it is, who must answer, and the request. */
export interface Path {
  readonly name: string;
  readonly expected: string;
  readonly request: () => Promise<string>;
}

/** Starts the pods that the paths lead between. */
export async function openPaths(cluster: Cluster): Promise<void> {
  const manifest = readFileSync(join(import.meta.dirname, 'manifests/paths.yaml'), 'utf8');
  await applyManifest(cluster, manifest, { TOOLS_IMAGE });
  await waitForPods(cluster, NAMESPACE, 'part-of=paths');
}

const CURL = ['curl', '-sS', '-m', '5', '--retry', '2', '--retry-all-errors', '--retry-delay', '1'];

export async function paths(cluster: Cluster): Promise<Path[]> {
  const [webA, webB] = await Promise.all(
    ['web-a', 'web-b'].map(async (pod) => (await podPlace(cluster, NAMESPACE, pod)).address),
  );
  const service = (
    await kubectl(cluster, ['-n', NAMESPACE, 'get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}'])
  ).trim();
  const [nodeA, nodeB] = [addressOf(cluster, 'node-a'), addressOf(cluster, 'node-b')];
  const from = (pod: string, url: string) => () => inPod(cluster, NAMESPACE, pod, [...CURL, url]);
  const machine = (url: string) => () => run('curl', ['--noproxy', '*', ...CURL.slice(1), url]);
  const forwarded = (pod: string) => () => throughPortForward(cluster, pod);
  return [
    { name: 'pod to pod on its node', expected: 'web-a', request: from('client-a', `http://${webA}:8080`) },
    {
      name: 'pod to pod on the other node',
      expected: 'web-b',
      request: from('client-a', `http://${webB}:8080`),
    },
    {
      name: 'pod to pod, the other way',
      expected: 'web-a',
      request: from('client-b', `http://${webA}:8080`),
    },
    {
      name: 'pod to Service with its backend on the other node',
      expected: 'web-b',
      request: from('client-a', `http://${service}`),
    },
    {
      name: 'pod to Service with its backend on its node',
      expected: 'web-b',
      request: from('client-b', `http://${service}`),
    },
    {
      name: 'pod to its own Service (hairpin)',
      expected: 'web-b',
      request: from('web-b', `http://${service}`),
    },
    { name: 'pod to Service by name', expected: 'web-b', request: from('client-b', 'http://web') },
    {
      name: 'pod to an outside host by name',
      expected: 'outside',
      request: from('client-a', 'http://partner.example'),
    },
    {
      name: 'pod to NodePort of the other node',
      expected: 'web-b',
      request: from('client-b', `http://${nodeA}:30080`),
    },
    {
      name: 'pod to a hostNetwork pod on the other node',
      expected: 'host-a',
      request: from('client-b', `http://${nodeA}:9191`),
    },
    { name: 'hostNetwork pod to Service', expected: 'web-b', request: from('host-a', `http://${service}`) },
    {
      name: 'hostNetwork pod to Service by name',
      expected: 'web-b',
      request: from('host-a', 'http://web.paths'),
    },
    {
      name: 'hostNetwork pod to pod on the other node',
      expected: 'web-b',
      request: from('host-a', `http://${webB}:8080`),
    },
    {
      name: 'node to Service',
      expected: 'web-b',
      request: () => inNode(cluster, 'node-a', [...CURL, `http://${service}`]),
    },
    {
      name: 'machine to NodePort, backend on the other node',
      expected: 'web-b',
      request: machine(`http://${nodeA}:30080`),
    },
    {
      name: 'machine to NodePort, backend on that node',
      expected: 'web-b',
      request: machine(`http://${nodeB}:30080`),
    },
    { name: 'port-forward to node-a', expected: 'web-a', request: forwarded('web-a') },
    { name: 'port-forward to node-b', expected: 'web-b', request: forwarded('web-b') },
    {
      name: 'logs from node-b',
      expected: 'started',
      request: () => kubectl(cluster, ['-n', NAMESPACE, 'logs', 'web-b']),
    },
    {
      name: 'pod to the API server through its Service',
      expected: 'ok',
      // Anonymous requests may ask this; the pod does not know the cluster's authority.
      request: () =>
        inPod(cluster, NAMESPACE, 'client-a', [...CURL, '--insecure', 'https://10.96.0.1/readyz']),
    },
  ];
}

/** kubectl port-forward picks the local port and says which. */
async function throughPortForward(cluster: Cluster, pod: string): Promise<string> {
  const args = ['-n', NAMESPACE, 'port-forward', `pod/${pod}`, ':8080', '--address', '127.0.0.1'];
  const forward = spawn(kubectlProgram(), [`--kubeconfig=${kubeconfigOf(cluster, 'admin')}`, ...args]);
  try {
    const port = await new Promise<string>((resolve, reject) => {
      let output = '';
      const read = (text: Buffer) => {
        output += text.toString();
        const found = /127\.0\.0\.1:(\d+)/.exec(output)?.[1];
        if (found !== undefined) resolve(found);
      };
      forward.stdout.on('data', read);
      forward.stderr.on('data', read);
      forward.once('close', () => reject(new Error(`kubectl port-forward ended: ${output}`)));
    });
    return await run('curl', ['--noproxy', '*', ...CURL.slice(1), `http://127.0.0.1:${port}`]);
  } finally {
    forward.kill();
  }
}
