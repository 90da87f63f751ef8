import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  AGENT_CONTAINER,
  AGENT_FOLDER,
  AGENT_LABELS,
  AGENT_MARKER,
  AGENT_SELECTOR,
  NODE_ANNOTATION,
  OWNER_ANNOTATION,
  TOKEN_FILE,
  agentJob,
  agentJobName,
  agentPod,
  type AgentManifestOptions,
} from './agentManifest.ts';
import { agentPodStatus } from './agentStatus.ts';
import type { ApiClient } from './client.ts';
import { KubeError, asKubeError, isKubeError, type Problem } from './errors.ts';
import { Listeners, type Disposable } from './listeners.ts';
import type { Log } from './log.ts';
import { parsePodSecurity } from './statusErrors.ts';
import { uploadFiles, type UploadFile } from './upload.ts';
import { watchResource, type WatchedObject } from './watch.ts';
import type { JobObject, PodObject } from './objects.ts';

export interface DeployOptions extends Omit<AgentManifestOptions, 'session'> {
  /** What runs in the pod: agent.cjs and what it loads, for the node's architecture. */
  readonly payload: readonly UploadFile[];
  readonly log: Log;
  /** One sentence about what is going on now. */
  readonly onStatus: (status: string) => void;
  readonly signal: AbortSignal;
  /** Until the container runs; pulling an image takes its time. */
  readonly startMilliseconds?: number;
}

/** A deployed agent: its pod runs and holds the program and the token. */
export interface DeployedAgent {
  readonly session: string;
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  /** For `authorization: Bearer`; lives in this process and in one file of the pod. */
  readonly token: string;
  /** Called once when the pod failed, ended or was deleted. */
  onEnd(listener: (problem: Problem) => void): Disposable;
  /** The end of its log, for messages; empty where it may not be read. */
  logTail(): Promise<string>;
  /** Deletes it and resolves when it is gone from the cluster. */
  remove(signal?: AbortSignal): Promise<void>;
}

const START_MILLISECONDS = 120_000;
const REMOVE_MILLISECONDS = 30_000;
/** A node that does not confirm the end of its pod in this time: the object is removed without it. */
const FORCE_AFTER_MILLISECONDS = 15_000;

/**
 * Creates an agent and waits until it runs with its program in place. When anything fails, or the signal ends it,
 * everything that was created is removed again before this rejects.
 * @throws KubeError
 */
export async function deployAgent(client: ApiClient, options: DeployOptions): Promise<DeployedAgent> {
  const { namespace, log, onStatus, signal } = options;
  const session = randomBytes(5).toString('hex');
  const manifest = { ...options, session };
  onStatus(`Asking the API server whether an agent is allowed on ${options.node}…`);
  await dryRun(client, manifest, log, signal);
  onStatus(`Creating the agent on ${options.node}…`);
  await client.create<JobObject>({ resource: 'jobs', namespace }, agentJob(manifest), { signal });
  log.info(
    `Created job ${namespace}/${agentJobName(session)} on node ${options.node}, image ${options.image}.`,
  );
  const watch = new AgentPodWatch(client, namespace, session, log);
  try {
    const pod = await watch.running(options.startMilliseconds ?? START_MILLISECONDS, onStatus, signal);
    const token = randomBytes(32).toString('base64url');
    await upload(client, pod, token, options);
    return new Deployed(client, watch, { session, namespace, pod: pod.name, podUid: pod.uid, token }, log);
  } catch (error) {
    watch.dispose();
    const problem = asKubeError(error, {
      kind: 'agent',
      what: 'The agent could not be started',
      where: `node ${options.node}`,
      next: 'Choose Restart; the log shows more.',
    });
    onStatus(`Removing the agent from ${options.node}…`);
    await removeAgent(client, { namespace, session }, log).catch((failure: unknown) =>
      log.error(`After a failed start: ${failure instanceof Error ? failure.message : String(failure)}`),
    );
    throw problem;
  }
}

/** Pod Security, quota and admission webhooks refuse a pod at once, but a Job's pod only in an event nobody reads. */
async function dryRun(
  client: ApiClient,
  manifest: AgentManifestOptions,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const { metadata, spec } = agentPod(manifest);
  const body: PodObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, name: agentJobName(manifest.session) },
    spec,
  };
  const path = { resource: 'pods', namespace: manifest.namespace } as const;
  try {
    await client.create<PodObject>(path, body, { query: { dryRun: 'All' }, signal });
  } catch (error) {
    // Who may create Jobs but no pods goes on; what refuses the Job's pod is then read from the events.
    if (!isKubeError(error, 'forbidden')) throw error;
    const job = { resource: 'jobs', namespace: manifest.namespace } as const;
    await client.create<JobObject>(job, agentJob(manifest), { query: { dryRun: 'All' }, signal });
    log.info(`No dry run of the pod: ${error.message}`);
  }
}

async function upload(
  client: ApiClient,
  pod: { readonly name: string },
  token: string,
  options: DeployOptions,
): Promise<void> {
  const files = [...options.payload, { name: TOKEN_FILE, content: Buffer.from(token), mode: 0o600 }];
  let shown = -1;
  await uploadFiles(client, {
    namespace: options.namespace,
    pod: pod.name,
    container: AGENT_CONTAINER,
    folder: AGENT_FOLDER,
    files,
    marker: AGENT_MARKER,
    signal: options.signal,
    onProgress: (sent, total) => {
      const percent = Math.floor((sent / total) * 10) * 10;
      if (percent === shown) return;
      shown = percent;
      options.onStatus(`Copying the agent to ${options.node}: ${percent} %…`);
    },
  });
}

/** Follows the one pod of a Job, from before it exists until after it is gone. */
class AgentPodWatch implements Disposable {
  readonly #client: ApiClient;
  readonly #namespace: string;
  readonly #session: string;
  readonly #stop = new AbortController();
  readonly #changes = new Listeners<undefined>();
  #pod: PodObject | null = null;
  #deleted = false;
  /** The API server's trouble, while there is some. */
  #trouble: KubeError | null = null;

  constructor(client: ApiClient, namespace: string, session: string, log: Log) {
    this.#client = client;
    this.#namespace = namespace;
    this.#session = session;
    void watchResource<WatchedObject & PodObject>({
      client,
      path: { resource: 'pods', namespace },
      query: { labelSelector: `${AGENT_LABELS.session}=${session}` },
      signal: this.#stop.signal,
      onChange: ({ upserts, deletedUids }) => {
        this.#pod = upserts.at(-1) ?? this.#pod;
        const uid = this.#pod?.metadata?.uid;
        if (uid !== undefined && deletedUids.includes(uid)) this.#deleted = true;
        this.#changes.emit(undefined);
      },
      onProblem: (error) => {
        this.#trouble = error;
        if (error !== null) log.warn(`Pod of the agent: ${error.message}`);
        this.#changes.emit(undefined);
      },
    });
  }

  /** What ended the agent; null while nothing did. */
  get end(): Problem | null {
    const status = this.#pod === null ? null : agentPodStatus(this.#pod);
    if (status?.phase === 'failed') return status.problem;
    if (!this.#deleted) return null;
    return {
      kind: 'agent',
      what: 'The agent was deleted',
      where: `pod ${this.#namespace}/${this.#pod?.metadata?.name ?? ''}`,
      why: 'its pod is gone from the cluster',
      next: 'Choose Restart.',
    };
  }

  onChange(listener: () => void): Disposable {
    return this.#changes.add(listener);
  }

  /** Resolves with the pod when its container runs. */
  async running(
    milliseconds: number,
    onStatus: (status: string) => void,
    signal: AbortSignal,
  ): Promise<{ name: string; uid: string }> {
    const deadline = Date.now() + milliseconds;
    let lookForEvents = Date.now() + 2000;
    for (;;) {
      signal.throwIfAborted();
      const ended = this.end;
      if (ended !== null) throw new KubeError(ended);
      if (isKubeError(this.#trouble, 'forbidden', 'unauthenticated')) throw this.#trouble;
      const pod = this.#pod;
      const status = pod === null ? null : agentPodStatus(pod);
      if (
        status?.phase === 'running' &&
        pod?.metadata?.name !== undefined &&
        pod.metadata.uid !== undefined
      ) {
        return { name: pod.metadata.name, uid: pod.metadata.uid };
      }
      if (status?.phase === 'waiting') onStatus(status.status);
      if (pod === null && Date.now() > lookForEvents) {
        await this.#throwRefusal(signal);
        lookForEvents = Date.now() + 2000;
      }
      if (Date.now() > deadline) throw this.#late(status?.phase === 'waiting' ? status.status : '');
      await this.#nextChange(1000);
    }
  }

  dispose(): void {
    this.#stop.abort();
    this.#changes.clear();
  }

  #nextChange(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        subscription.dispose();
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      const subscription = this.onChange(done);
    });
  }

  /** A Job whose pod is refused says so in an event. */
  async #throwRefusal(signal: AbortSignal): Promise<void> {
    const name = agentJobName(this.#session);
    const where = `job ${this.#namespace}/${name}`;
    interface EventList {
      readonly items: readonly { readonly reason?: string; readonly message?: string }[];
    }
    let events: EventList;
    try {
      events = await this.#client.list<EventList>(
        { resource: 'events', namespace: this.#namespace },
        { query: { fieldSelector: `involvedObject.name=${name},reason=FailedCreate` }, signal },
      );
    } catch (error) {
      // Events only explain; without them the time-out ends the wait.
      if (isKubeError(error, 'forbidden')) return;
      throw error;
    }
    const message = events.items.at(-1)?.message;
    if (message === undefined) return;
    const security = parsePodSecurity(message);
    throw new KubeError({
      kind: security === null ? 'agent' : 'pod-security',
      what:
        security === null
          ? 'The cluster refuses the agent'
          : `The namespace enforces Pod Security "${security.policy}"`,
      where,
      why: message,
      next: 'Set vethscope.agent.namespace to a namespace that allows privileged pods.',
    });
  }

  #late(status: string): KubeError {
    return new KubeError({
      kind: 'timeout',
      what: 'The agent did not start in time',
      where: `job ${this.#namespace}/${agentJobName(this.#session)}`,
      why: status === '' ? 'its pod was not created' : status.replace(/…$/, ''),
      next: 'Look at the node with kubectl describe node, then choose Restart.',
    });
  }
}

class Deployed implements DeployedAgent {
  readonly session: string;
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly token: string;
  readonly #client: ApiClient;
  readonly #watch: AgentPodWatch;
  readonly #log: Log;
  readonly #ends = new Listeners<Problem>();
  readonly #subscription: Disposable;

  constructor(
    client: ApiClient,
    watch: AgentPodWatch,
    agent: { session: string; namespace: string; pod: string; podUid: string; token: string },
    log: Log,
  ) {
    this.session = agent.session;
    this.namespace = agent.namespace;
    this.pod = agent.pod;
    this.podUid = agent.podUid;
    this.token = agent.token;
    this.#client = client;
    this.#watch = watch;
    this.#log = log;
    this.#subscription = watch.onChange(() => this.#check());
  }

  onEnd(listener: (problem: Problem) => void): Disposable {
    const subscription = this.#ends.add(listener);
    // It may have ended between the deployment and this call.
    queueMicrotask(() => this.#check());
    return subscription;
  }

  async logTail(): Promise<string> {
    const path = {
      resource: 'pods',
      namespace: this.namespace,
      name: this.pod,
      subresource: 'log',
    } as const;
    try {
      return await this.#client.text(path, {
        query: { container: AGENT_CONTAINER, tailLines: 20 },
        timeoutMilliseconds: 3000,
      });
    } catch (error) {
      this.#log.debug(`No log of the agent: ${error instanceof Error ? error.message : String(error)}`);
      return '';
    }
  }

  async remove(signal?: AbortSignal): Promise<void> {
    this.#subscription.dispose();
    this.#ends.clear();
    this.#watch.dispose();
    await removeAgent(this.#client, this, this.#log, signal);
  }

  #check(): void {
    const problem = this.#watch.end;
    if (problem === null) return;
    this.#ends.emit(problem);
    this.#ends.clear();
  }
}

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
