import { setTimeout as delay } from 'node:timers/promises';
import {
  AGENT_LABELS,
  AGENT_SELECTOR,
  NODE_ANNOTATION,
  OWNER_ANNOTATION,
  agentJobName,
} from './agentManifest.ts';
import type { ApiClient } from './client.ts';
import { KubeError, isKubeError } from './errors.ts';
import type { Log } from './log.ts';
import type { JobObject, PodObject } from './objects.ts';

const REMOVE_MILLISECONDS = 30_000;
/** A node that does not confirm the end of its pod in this time: the object is removed without it. */
const FORCE_AFTER_MILLISECONDS = 15_000;

/**
 * Deletes a Job with its pod and resolves when both are gone. The kubelet confirms the end of the process before the
 * pod goes; only a node that does not answer is passed over.
 * @throws KubeError with what is left
 */
export async function removeAgent(
  client: ApiClient,
  agent: { readonly namespace: string; readonly session: string },
  log: Log,
  signal?: AbortSignal,
): Promise<void> {
  const { namespace, session } = agent;
  const job = { resource: 'jobs', namespace, name: agentJobName(session) } as const;
  await ignoreMissing(
    client.delete(
      job,
      { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' },
      { signal },
    ),
  );
  const started = Date.now();
  const deleted = new Set<string>();
  for (;;) {
    const left = await podsOf(client, namespace, session, signal);
    if (left.length === 0) break;
    const waited = Date.now() - started;
    if (waited > REMOVE_MILLISECONDS) {
      throw new KubeError({
        kind: 'timeout',
        what: 'The agent is still there',
        where: `pod ${namespace}/${left.join(', ')}`,
        why: `the cluster did not remove it within ${Math.round(waited / 1000)} s`,
        next: 'Choose Remove Agents… once the node answers again.',
      });
    }
    const force = waited > FORCE_AFTER_MILLISECONDS;
    for (const name of left) {
      const once = `${name} ${String(force)}`;
      if (deleted.has(once)) continue;
      deleted.add(once);
      const body = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: force ? 0 : 1 };
      await ignoreMissing(client.delete({ resource: 'pods', namespace, name }, body, { signal }));
    }
    await delay(150, undefined, signal === undefined ? {} : { signal });
  }
  await ignoreMissing(waitGone(client, job, signal));
  log.info(`Removed job ${namespace}/${job.name} in ${Date.now() - started} ms.`);
}

async function podsOf(
  client: ApiClient,
  namespace: string,
  session: string,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const list = await client.list<{ items: readonly PodObject[] }>(
    { resource: 'pods', namespace },
    { query: { labelSelector: `${AGENT_LABELS.session}=${session}` }, signal },
  );
  return list.items.flatMap((pod) => pod.metadata?.name ?? []);
}

async function waitGone(
  client: ApiClient,
  path: { readonly resource: 'jobs'; readonly namespace: string; readonly name: string },
  signal?: AbortSignal,
): Promise<never> {
  const deadline = Date.now() + REMOVE_MILLISECONDS;
  while (Date.now() < deadline) {
    await client.get<JobObject>(path, { signal });
    await delay(150, undefined, signal === undefined ? {} : { signal });
  }
  throw new KubeError({
    kind: 'timeout',
    what: "The agent's Job is still there",
    where: `job ${path.namespace}/${path.name}`,
    why: 'the cluster did not remove it in time',
    next: `Delete it with kubectl delete job -n ${path.namespace} ${path.name}.`,
  });
}

async function ignoreMissing(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!isKubeError(error, 'not-found')) throw error;
  }
}

/** An agent's Job as it is found in a cluster. */
export interface FoundJob {
  readonly namespace: string;
  readonly name: string;
  readonly session: string;
  readonly node: string;
  readonly owner: string;
  readonly phase: string;
  readonly created: string;
}

/** Every agent by its label, in all namespaces, or in `namespace` where a user may not list all. */
export async function listAgents(client: ApiClient, namespace: string): Promise<readonly FoundJob[]> {
  const query = { labelSelector: AGENT_SELECTOR };
  let list: { items: readonly JobObject[] };
  try {
    list = await client.list<{ items: readonly JobObject[] }>({ resource: 'jobs' }, { query });
  } catch (error) {
    if (!isKubeError(error, 'forbidden')) throw error;
    list = await client.list<{ items: readonly JobObject[] }>({ resource: 'jobs', namespace }, { query });
  }
  return list.items.map(({ metadata, status }) => ({
    namespace: metadata?.namespace ?? '',
    name: metadata?.name ?? '',
    session: metadata?.labels?.[AGENT_LABELS.session] ?? '',
    node: metadata?.annotations?.[NODE_ANNOTATION] ?? '',
    owner: metadata?.annotations?.[OWNER_ANNOTATION] ?? '',
    phase: (status?.active ?? 0) > 0 ? 'Running' : 'Ending',
    created: metadata?.creationTimestamp ?? '',
  }));
}
