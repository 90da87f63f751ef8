import type { Memento, QuickPickItem } from 'vscode';
import type { LocalTargetSetting } from '../contributions.ts';
import type { Clusters } from '../explorer/clusters.ts';
import type { InventoryHold } from '../kube/cluster.ts';
import type { Pod } from '../model/inventory.ts';
import type { FlowsPanels } from '../panels/flowsPanels.ts';
import type { Source, Target } from '../session/types.ts';
import { readSetting } from '../settings.ts';
import type { Observer } from './observe.ts';
import type { Picked } from './quickPickSteps.ts';
import { pickStep } from './quickPickSteps.ts';
import { plainLabel } from './plainLabel.ts';

const TITLE = 'Show Flows';
const LAST_CHOICE = 'vethscope.lastChoice';

interface Choice {
  readonly place: string;
  readonly namespace: string;
  readonly pod: string;
}

type Place =
  | { readonly kind: 'context'; readonly context: string }
  | { readonly kind: 'local'; readonly local: LocalTargetSetting };

/** *Show Flows…* from the palette: asks for context, namespace and pod. */
export class ShowFlows {
  readonly #clusters: Clusters;
  readonly #observer: Observer;
  readonly #panels: FlowsPanels;
  readonly #memory: Memento;

  constructor(clusters: Clusters, observer: Observer, panels: FlowsPanels, memory: Memento) {
    this.#clusters = clusters;
    this.#observer = observer;
    this.#panels = panels;
    this.#memory = memory;
  }

  /** @throws KubeError */
  async run(): Promise<void> {
    for (;;) {
      const place = await this.#pickPlace();
      if (place.kind !== 'value') return;
      if (place.value.kind === 'local') {
        const { local } = place.value;
        return this.#show({ kind: 'local', local }, { kind: 'node', node: local.name });
      }
      const done = await this.#pickInCluster(place.value.context);
      if (done) return;
    }
  }

  /** False when the user went back to the contexts. */
  async #pickInCluster(context: string): Promise<boolean> {
    let hold: InventoryHold | null = null;
    try {
      for (;;) {
        const namespace = await this.#pickNamespace(context, async () => {
          const cluster = await this.#observer.connect(readSetting('vethscope.kubeconfig'), context);
          hold ??= cluster.holdInventory();
          await hold.inventory.synced;
          return hold;
        });
        if (namespace.kind !== 'value') return namespace.kind === 'cancelled';
        const pod = await this.#pickPod(context, namespace.value.name, namespace.value.hold);
        if (pod.kind === 'cancelled') return true;
        if (pod.kind === 'back') continue;
        const { name } = pod.value.metadata;
        await this.#remember({ place: context, namespace: namespace.value.name, pod: name });
        const cluster = await this.#observer.connect(readSetting('vethscope.kubeconfig'), context);
        await this.#show(
          { kind: 'cluster', cluster },
          { kind: 'pod', namespace: namespace.value.name, name },
        );
        return true;
      }
    } finally {
      (hold as InventoryHold | null)?.dispose();
    }
  }

  #pickPlace(): Promise<Picked<Place>> {
    return pickStep<Place>({
      title: TITLE,
      step: 1,
      steps: 3,
      placeholder: 'Cluster, by the context of the kubeconfig',
      items: async () => {
        const { contexts, currentContext } = await this.#clusters.kubeconfig(
          readSetting('vethscope.kubeconfig'),
        );
        const names = contexts
          .map(({ name }) => name)
          .sort((a, b) => Number(b === currentContext) - Number(a === currentContext));
        return [
          ...names.map((context) => contextItem(context, context === currentContext)),
          ...readSetting('vethscope.localTargets').map(localItem),
        ];
      },
      isActive: (place) => placeName(place) === this.#last()?.place,
    });
  }

  #pickNamespace(
    context: string,
    open: () => Promise<InventoryHold>,
  ): Promise<Picked<{ name: string; hold: InventoryHold }>> {
    return pickStep({
      title: `${TITLE} · ${context}`,
      step: 2,
      steps: 3,
      placeholder: 'Namespace',
      items: async () => {
        const hold = await open();
        const counts = podCounts(hold);
        return [...counts].map(([name, count]) => ({
          label: name,
          description: `${count} ${count === 1 ? 'pod' : 'pods'}`,
          value: { name, hold },
        }));
      },
      isActive: ({ name }) => name === this.#lastIn(context)?.namespace,
    });
  }

  #pickPod(context: string, namespace: string, { inventory }: InventoryHold): Promise<Picked<Pod>> {
    return pickStep({
      title: `${TITLE} · ${context} · ${namespace}`,
      step: 3,
      steps: 3,
      placeholder: 'Pod',
      items: () => {
        const pods = [...inventory.objects()]
          .filter((object) => object.kind === 'Pod')
          .filter(({ metadata }) => metadata.namespace === namespace)
          .sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
        return Promise.resolve(pods.map(podItem));
      },
      isActive: ({ metadata }) => {
        const last = this.#lastIn(context);
        return last?.namespace === namespace && last.pod === metadata.name;
      },
    });
  }

  #show(source: Source, target: Target): Promise<void> {
    return this.#observer.showFlows(this.#panels, source, target);
  }

  #last(): Choice | undefined {
    return this.#memory.get<Choice>(LAST_CHOICE);
  }

  #lastIn(context: string): Choice | undefined {
    const last = this.#last();
    return last?.place === context ? last : undefined;
  }

  async #remember(choice: Choice): Promise<void> {
    await this.#memory.update(LAST_CHOICE, choice);
  }
}

type Item<T> = QuickPickItem & { readonly value: T };

function contextItem(context: string, current: boolean): Item<Place> {
  const value = { kind: 'context', context } as const;
  return {
    label: `$(server-environment) ${plainLabel(context)}`,
    description: current ? 'current context' : '',
    value,
  };
}

function localItem(local: LocalTargetSetting): Item<Place> {
  const description = local.recording === undefined ? 'this machine' : 'recorded session';
  return { label: `$(vm) ${plainLabel(local.name)}`, description, value: { kind: 'local', local } };
}

function podItem(pod: Pod): Item<Pod> {
  const node = pod.spec.nodeName === undefined ? 'no node yet' : `on ${pod.spec.nodeName}`;
  const address = pod.status.podIPs?.[0]?.ip ?? '';
  const network = pod.spec.hostNetwork === true ? 'host network' : address;
  return {
    label: `$(package) ${plainLabel(pod.metadata.name)}`,
    description: [pod.status.phase ?? '', network].filter(Boolean).join(' · '),
    detail: node,
    value: pod,
  };
}

function podCounts({ inventory }: InventoryHold): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const object of inventory.objects()) {
    if (object.kind === 'Namespace') counts.set(object.metadata.name, counts.get(object.metadata.name) ?? 0);
    if (object.kind !== 'Pod') continue;
    const namespace = object.metadata.namespace ?? '';
    counts.set(namespace, (counts.get(namespace) ?? 0) + 1);
  }
  return new Map([...counts].sort(([a], [b]) => a.localeCompare(b)));
}

const placeName = (place: Place): string => (place.kind === 'context' ? place.context : place.local.name);
