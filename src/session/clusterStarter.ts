import { join } from 'node:path';
import type { AgentPrivileges } from '../kube/agentManifest.ts';
import { deployAgent } from '../kube/agentPod.ts';
import type { Cluster } from '../kube/cluster.ts';
import { KubeError, asKubeError } from '../kube/errors.ts';
import type { Log } from '../kube/log.ts';
import { checkPermissions, missingPermissions } from '../kube/preflight.ts';
import { resolveNode } from '../kube/targetPod.ts';
import { readFolder, type UploadFile } from '../kube/upload.ts';
import type { AgentStarter, StartContext } from './managedAgent.ts';
import { podTransport } from './podTransport.ts';
import type { Transport } from './transport.ts';
import type { DeployPlan, SessionsOptions, StartRequest } from './types.ts';

/** Starts an agent as a Job on a node of a cluster. */
export function clusterStarter(
  cluster: Cluster,
  node: string,
  request: StartRequest,
  options: SessionsOptions,
  log: Log,
): AgentStarter {
  const privileges = request.settings['vethscope.agent.privileges'];
  const attempts: readonly AgentPrivileges[] =
    privileges === 'auto' ? ['capabilities', 'privileged'] : [privileges];
  return {
    attempts: attempts.map(
      (attempt) => (context) => deploy(cluster, node, attempt, request, options, log, context),
    ),
    inventory: async () => {
      const hold = cluster.holdInventory();
      try {
        await hold.inventory.synced;
      } catch (error) {
        hold.dispose();
        throw error;
      }
      const { inventory } = hold;
      return {
        objects: () => inventory.objects(),
        onChange: (listener) => inventory.onChange(listener),
        dispose: () => hold.dispose(),
      };
    },
  };
}

async function deploy(
  cluster: Cluster,
  node: string,
  privileges: AgentPrivileges,
  request: StartRequest,
  options: SessionsOptions,
  log: Log,
  { onStatus, signal, reason }: StartContext,
): Promise<Transport> {
  const { settings } = request;
  const namespace = settings['vethscope.agent.namespace'];
  const image = settings['vethscope.agent.image'];
  const maximumHours = settings['vethscope.agent.maximumHours'];
  onStatus(`Checking permissions and the node ${node}…`);
  const [checks, { architecture }] = await Promise.all([
    checkPermissions(cluster.api, namespace, signal),
    resolveNode(cluster.api, node, signal),
  ]);
  const missing = missingPermissions(checks, cluster.api);
  if (missing !== null) throw missing;
  const payload = await readPayload(options.payloadFolder, architecture);
  onStatus('Waiting for your consent…');
  const { context, server, uid: clusterUid } = cluster;
  const plan: DeployPlan = {
    context,
    server,
    clusterUid,
    node,
    namespace,
    image,
    privileges,
    reason,
    maximumHours,
  };
  if (!(await request.confirmDeploy(plan))) {
    throw new KubeError({
      kind: 'cancelled',
      what: 'Nothing was created',
      where: `context ${context}`,
      why: 'the agent was not wanted',
      next: 'Start again when you agree.',
    });
  }
  signal.throwIfAborted();
  const { owner } = options;
  const deployment = { namespace, node, image, privileges, maximumHours, owner, payload };
  return podTransport(cluster.api, await deployAgent(cluster.api, { ...deployment, log, onStatus, signal }));
}

/** Everything that an agent on this architecture needs. @throws KubeError when this package does not carry it */
async function readPayload(folder: string, architecture: string): Promise<readonly UploadFile[]> {
  const where = join(folder, `linux-${architecture}`);
  try {
    return await readFolder(where);
  } catch (error) {
    throw asKubeError(error, {
      kind: 'unsupported-node',
      what: `This package carries no agent for ${architecture} nodes`,
      where,
      next: 'Choose a pod on another node, or install a package with that agent.',
    });
  }
}
