import { randomBytes } from 'node:crypto';
import {
  AGENT_CONTAINER,
  AGENT_FOLDER,
  AGENT_MARKER,
  TOKEN_FILE,
  agentJob,
  agentJobName,
  agentPod,
  type AgentManifestOptions,
} from './agentManifest.ts';
import { AgentPodWatch } from './agentPodWatch.ts';
import { removeAgent } from './agentRemoval.ts';
import type { ApiClient } from './client.ts';
import { asKubeError, isKubeError, type Problem } from './errors.ts';
import { Listeners, type Disposable } from './listeners.ts';
import type { Log } from './log.ts';
import type { JobObject, PodObject } from './objects.ts';
import { uploadFiles, type UploadFile } from './upload.ts';

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
