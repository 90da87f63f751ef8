import { delimiter } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProgressLocation, window } from 'vscode';
import type { Clusters } from '../explorer/clusters.ts';
import type { SessionFlows } from '../flows/sessionFlows.ts';
import type { Cluster } from '../kube/cluster.ts';
import type { FlowFilter, FlowsQuestion } from '../model/panelMessages.ts';
import type { Observations } from '../panels/observations.ts';
import { isLive } from '../panels/observations.ts';
import type { FlowsPanels } from '../panels/flowsPanels.ts';
import type { Source, Target } from '../session/types.ts';
import { agentSettings, readSetting, requestTimeout } from '../settings.ts';
import type { DeployConsent } from './consent.ts';

/** Most connections are there sooner, and need no notification. */
const SLOW_MILLISECONDS = 700;

/** Starts observations, once for each target, and shows their flows. */
export class Observer {
  readonly #clusters: Clusters;
  readonly #observations: Observations;
  readonly #consent: DeployConsent;

  constructor(clusters: Clusters, observations: Observations, consent: DeployConsent) {
    this.#clusters = clusters;
    this.#observations = observations;
    this.#consent = consent;
  }

  /** The session of a target: the one that runs, else a new one. */
  async observe(source: Source, target: Target): Promise<SessionFlows> {
    const running = this.#observations.live.find(
      ({ session }) => sameSource(session.source, source) && sameTarget(session.target, target),
    );
    if (running !== undefined) return running;
    return this.#observations.start({
      source,
      target,
      settings: agentSettings(),
      confirmDeploy: (plan) => this.#consent.confirm(plan),
    });
  }

  /** Observes and brings the flow table to front. */
  async showFlows(panels: FlowsPanels, source: Source, target: Target, filter?: FlowFilter): Promise<void> {
    const flows = await this.observe(source, target);
    panels.show(flows, this.questionOf(flows), filter);
  }

  /** What a session observes, for asking it again later. */
  questionOf({ session }: SessionFlows): FlowsQuestion {
    const { source, target } = session;
    if (source.kind === 'local') return { source: { kind: 'local', name: source.local.name }, target };
    const { kubeconfig, context } = source.cluster;
    return { source: { kind: 'cluster', kubeconfig: kubeconfig.files.join(delimiter), context }, target };
  }

  /** Observes what a flow table of an earlier time asked. @throws KubeError */
  async observeAgain(question: FlowsQuestion): Promise<SessionFlows> {
    return this.observe(await this.#sourceOf(question), question.target);
  }

  /** Connects; what takes a while shows progress and a way to give up. @throws KubeError */
  async connect(files: string, context: string): Promise<Cluster> {
    const abort = new AbortController();
    // Set once something is shown.
    let report: ((message: string) => void) | undefined;
    const connecting = this.#clusters.connect(files, context, {
      timeoutMilliseconds: requestTimeout(),
      onProgress: (message) => report?.(message ?? ''),
      signal: abort.signal,
    });
    const settled = connecting.then(
      () => true,
      () => true,
    );
    if (!(await Promise.race([settled, sleep(SLOW_MILLISECONDS, false)]))) {
      const title = `Connecting to ${context}`;
      await window.withProgress(
        { location: ProgressLocation.Notification, cancellable: true, title },
        async (progress, token) => {
          report = (message) => progress.report({ message });
          token.onCancellationRequested(() => abort.abort());
          await settled;
        },
      );
    }
    return connecting;
  }

  async #sourceOf({ source }: FlowsQuestion): Promise<Source> {
    if (source.kind === 'cluster') {
      return { kind: 'cluster', cluster: await this.connect(source.kubeconfig, source.context) };
    }
    const local = readSetting('vethscope.localTargets').find(({ name }) => name === source.name);
    if (local === undefined) {
      throw new Error(
        `There is no local target "${source.name}" any more. Add it to the setting vethscope.localTargets.`,
      );
    }
    return { kind: 'local', local };
  }
}

/** A running session of before ends up in the same place as a new one. */
export async function restart(flows: SessionFlows): Promise<void> {
  if (!isLive(flows.session.state.phase)) await flows.session.restart();
}

export function sameSource(a: Source, b: Source): boolean {
  if (a.kind === 'local') return b.kind === 'local' && a.local.name === b.local.name;
  return b.kind === 'cluster' && a.cluster.key === b.cluster.key;
}

function sameTarget(a: Target, b: Target): boolean {
  if (a.kind === 'node') return b.kind === 'node' && a.node === b.node;
  return b.kind === 'pod' && a.namespace === b.namespace && a.name === b.name;
}
