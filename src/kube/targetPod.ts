import type { ApiClient } from './client.ts';
import { KubeError, isKubeError, type Problem, type ProblemKind } from './errors.ts';
import type { NodeObject, PodObject } from './objects.ts';

/** A pod whose flows can be observed. */
export interface ObservablePod {
  readonly uid: string;
  readonly node: string;
}

/** Architectures there is a payload for, by Kubernetes' name, with Node's. */
const ARCHITECTURES: Readonly<Record<string, 'x64' | 'arm64'>> = { amd64: 'x64', arm64: 'arm64' };

/** Reads the pod now, whatever a tree showed a minute ago. @throws KubeError when it cannot be observed */
export async function resolvePod(
  client: ApiClient,
  namespace: string,
  name: string,
  signal?: AbortSignal,
): Promise<ObservablePod> {
  let pod: PodObject;
  try {
    pod = await client.get<PodObject>({ resource: 'pods', namespace, name }, { signal });
  } catch (error) {
    if (!isKubeError(error, 'not-found')) throw error;
    throw podError(client, namespace, name, 'is gone', 'the API server does not know it any more', REFRESH);
  }
  const problem = podProblem(pod);
  if (problem !== null) throw podError(client, namespace, name, problem.what, problem.why, problem.next);
  return { uid: pod.metadata?.uid ?? '', node: pod.spec?.nodeName ?? '' };
}

const REFRESH = 'Refresh, and choose a pod that runs.';

/** Why this pod has no flows to observe; null when it has. */
export function podProblem(pod: PodObject): { what: string; why: string; next: string } | null {
  const phase = pod.status?.phase ?? 'Unknown';
  if (phase === 'Succeeded' || phase === 'Failed') {
    return { what: 'has ended', why: `its phase is ${phase}`, next: REFRESH };
  }
  if (!pod.spec?.nodeName) {
    const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
    const why = scheduled?.message ?? 'the scheduler has not placed it yet';
    return {
      what: 'is pending on no node',
      why,
      next: 'Retry when kubectl describe pod shows it on a node.',
    };
  }
  if (phase === 'Pending' && (pod.status?.podIPs ?? []).length === 0) {
    const waiting = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]
      .map(({ state }) => state?.waiting?.message ?? state?.waiting?.reason)
      .find((reason) => reason !== undefined);
    const why = waiting ?? `node ${pod.spec.nodeName} has not given it an address yet`;
    return {
      what: 'is pending',
      why,
      next: 'Retry when it runs; kubectl describe pod shows what it waits for.',
    };
  }
  return null;
}

/** The node's architecture for the payload. @throws KubeError when agents cannot run there */
export async function resolveNode(
  client: ApiClient,
  name: string,
  signal?: AbortSignal,
): Promise<{ architecture: 'x64' | 'arm64' }> {
  let node: NodeObject;
  try {
    node = await client.get<NodeObject>({ resource: 'nodes', name }, { signal });
  } catch (error) {
    if (isKubeError(error, 'forbidden')) return { architecture: 'x64' };
    if (!isKubeError(error, 'not-found')) throw error;
    throw nodeError(client, name, 'not-found', {
      what: `The node ${name} is gone`,
      why: 'the API server does not know it',
      next: 'Refresh, and choose another node.',
    });
  }
  const problem = nodeProblem(node);
  if (problem !== null) throw nodeError(client, name, 'unsupported-node', problem);
  return { architecture: ARCHITECTURES[node.status?.nodeInfo?.architecture ?? ''] ?? 'x64' };
}

/** Why no agent can run on this node; null when one can. */
export function nodeProblem(node: NodeObject): { what: string; why: string; next: string } | null {
  const name = node.metadata?.name ?? '';
  const labels = node.metadata?.labels ?? {};
  const info = node.status?.nodeInfo;
  const system = info?.operatingSystem ?? labels['kubernetes.io/os'] ?? 'linux';
  const next = 'Choose a pod on an ordinary Linux node.';
  if (system !== 'linux') {
    return { what: `The node ${name} runs ${system}`, why: 'agents are eBPF programs of Linux', next };
  }
  if (labels['eks.amazonaws.com/compute-type'] === 'fargate') {
    const why = 'Fargate gives each pod a machine of its own and allows no privileged pod beside it';
    return { what: `The node ${name} is a Fargate node`, why, next };
  }
  if (labels.type === 'virtual-kubelet' || (info?.kubeletVersion ?? '').includes('vk-')) {
    return {
      what: `The node ${name} is a virtual node`,
      why: 'there is no kernel behind it to observe',
      next,
    };
  }
  if (info?.architecture !== undefined && !(info.architecture in ARCHITECTURES)) {
    const why = `there are agents for ${Object.keys(ARCHITECTURES).join(' and ')}`;
    return { what: `The node ${name} is a ${info.architecture} machine`, why, next };
  }
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready !== undefined && ready.status !== 'True') {
    const retry = 'Retry when the node is Ready again.';
    return { what: `The node ${name} is not ready`, why: ready.message ?? ready.reason ?? '', next: retry };
  }
  return null;
}

function podError(
  client: ApiClient,
  namespace: string,
  name: string,
  what: string,
  why: string,
  next: string,
): KubeError {
  const problem: Problem = {
    kind: 'pod',
    what: `The pod ${namespace}/${name} ${what}`,
    where: `context ${client.context}`,
    why,
    next,
  };
  return new KubeError(problem);
}

function nodeError(
  client: ApiClient,
  name: string,
  kind: ProblemKind,
  problem: { what: string; why: string; next: string },
): KubeError {
  return new KubeError({ kind, where: `context ${client.context}, node ${name}`, ...problem });
}
