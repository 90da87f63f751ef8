import type { Cluster } from '../cluster.ts';
import { TOOLS_IMAGE } from '../images/names.ts';
import { applyManifest } from '../kubectl.ts';
import { NODE } from './wiringNow.ts';

export const ECHO = 9000;
/** What outside asks for: told from the rest after masquerade. */
export const OUTSIDE_ECHO = 9001;
const HOST_ECHO = 19_000;

/** A pod on node-a that gives back what it is sent. */
export async function toolsPod(
  cluster: Cluster,
  namespace: string,
  name: string,
  spec: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const ports = spec.hostNetwork === true ? [HOST_ECHO] : [ECHO, OUTSIDE_ECHO];
  const echoes = ports.map((port) => `socat TCP-LISTEN:${port},fork,reuseaddr EXEC:cat`);
  const command = ['sh', '-c', `${echoes.join(' & ')} & wait`];
  const container = { name: 'main', image: TOOLS_IMAGE, imagePullPolicy: 'Never', command };
  const whole = { nodeName: NODE, terminationGracePeriodSeconds: 0, containers: [container], ...spec };
  const metadata = { name, namespace, labels: { app: name } };
  await applyManifest(cluster, JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec: whole }));
}
