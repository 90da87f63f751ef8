/** What the tests of src/kube and src/session on the real cluster share. */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { Cluster as ConnectedCluster } from '../../../src/kube/cluster.ts';
import { loadKubeconfig, type Kubeconfig } from '../../../src/kube/kubeconfig.ts';
import { silentLog } from '../../../src/kube/log.ts';
import type { UploadFile } from '../../../src/kube/upload.ts';
import type { AgentSettings } from '../../../src/session/types.ts';
import { kubeconfigOf, type Cluster } from '../cluster.ts';
import { NODE_IMAGE } from '../images/names.ts';
import { applyManifest, kubectl } from '../kubectl.ts';

export const PAYLOADS = resolve(import.meta.dirname, '../../../dist/payload');

/** Everything from the kubeconfig of a person, with `changes` to its user. */
export async function kubeconfigAs(
  cluster: Cluster,
  person = 'admin',
  changes: Readonly<Record<string, unknown>> = {},
): Promise<Kubeconfig> {
  const kubeconfig = await loadKubeconfig({ setting: kubeconfigOf(cluster, person) });
  const users = kubeconfig.users.map((entry) => ({ ...entry, user: { ...entry.user, ...changes } }));
  return { ...kubeconfig, users };
}

export function connect(kubeconfig: Kubeconfig): Promise<ConnectedCluster> {
  return ConnectedCluster.connect(kubeconfig, kubeconfig.currentContext, {
    timeoutMilliseconds: 10_000,
    log: silentLog,
  });
}

export interface TestNamespace {
  readonly name: string;
  remove(): Promise<void>;
}

/** A namespace of its own, removed with everything in it; `labels` for Pod Security. */
export async function makeNamespace(
  cluster: Cluster,
  labels: Readonly<Record<string, string>> = {},
): Promise<TestNamespace> {
  const name = `kube-test-${randomBytes(4).toString('hex')}`;
  const metadata = { name, labels };
  await applyManifest(cluster, JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata }));
  const remove = ['delete', 'namespace', name, '--wait=false'];
  return {
    name,
    remove: async () => {
      await kubectl(cluster, remove);
    },
  };
}

/** A pod that runs a line of JavaScript. */
export async function runProgram(
  cluster: Cluster,
  namespace: string,
  name: string,
  program: string,
  spec: object = {},
): Promise<void> {
  const container = { name: 'main', image: NODE_IMAGE, imagePullPolicy: 'Never' };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ ...container, command: ['node', '-e', program] }],
      ...spec,
    },
  };
  await applyManifest(cluster, JSON.stringify(pod));
}

export async function waitReady(cluster: Cluster, namespace: string, name: string): Promise<void> {
  const wait = ['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s'];
  await kubectl(cluster, ['-n', namespace, ...wait], { timeout: 65_000 });
}

/** In place of the agent: the deployment does not look into what it copies. */
export const programPayload = (program: string): readonly UploadFile[] => [
  { name: 'agent.cjs', content: Buffer.from(program), mode: 0o644 },
];

export const agentSettings = (namespace: string, changes: Partial<AgentSettings> = {}): AgentSettings => ({
  'vethscope.agent.image': NODE_IMAGE,
  'vethscope.agent.namespace': namespace,
  'vethscope.agent.privileges': 'capabilities',
  'vethscope.agent.maximumHours': 1,
  'vethscope.requestTimeoutSeconds': 15,
  ...changes,
});

/** Jobs and pods of agents in a namespace. */
export async function agentObjects(cluster: Cluster, namespace: string): Promise<readonly string[]> {
  const selector = ['-l', 'app.kubernetes.io/name=vethscope-agent', '-o', 'name'];
  const listing = await kubectl(cluster, ['-n', namespace, 'get', 'jobs,pods', ...selector]);
  return listing.trim().split('\n').filter(Boolean);
}
