import { AGENT_LABELS, agentJobName } from './agentManifest.ts';
import { agentPodStatus } from './agentStatus.ts';
import type { ApiClient } from './client.ts';
import { KubeError, isKubeError, type Problem } from './errors.ts';
import { Listeners, type Disposable } from './listeners.ts';
import type { Log } from './log.ts';
import type { PodObject } from './objects.ts';
import { parsePodSecurity } from './statusErrors.ts';
import { watchResource, type WatchedObject } from './watch.ts';

/** Follows the one pod of a Job, from before it exists until after it is gone. */
export class AgentPodWatch implements Disposable {
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
