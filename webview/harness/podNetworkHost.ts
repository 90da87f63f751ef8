import type { FromPodNetworkPage, ToPodNetworkPage } from '../../src/model/podNetworkMessages.ts';
import { podNetworkPicture } from '../../src/model/podNetwork/podNetworkPicture.ts';
import type { Topology } from '../../src/model/topology.ts';
import type { PodNetworkHost } from '../podNetwork/page.ts';

/** A pod of a wiring. */
export interface PodNetworkScenario {
  readonly topology: Topology;
  readonly uid: string;
}

/** Plays the panel of a pod's network, over the real model. */
export class FakePodNetworkHost implements PodNetworkHost {
  /** All that the page sent, oldest first. */
  readonly asked: FromPodNetworkPage[] = [];
  readonly pageState = undefined;
  readonly #listeners: ((message: ToPodNetworkPage) => void)[] = [];
  readonly #scenario: PodNetworkScenario;

  constructor(scenario: PodNetworkScenario) {
    this.#scenario = scenario;
  }

  keepPageState(): void {
    // The page keeps nothing: the host tells everything again.
  }

  onMessage(listener: (message: ToPodNetworkPage) => void): void {
    this.#listeners.push(listener);
  }

  post(message: FromPodNetworkPage): void {
    this.asked.push(message);
    if (message.type === 'ready') setTimeout(() => this.#show(), 0);
  }

  tell(message: ToPodNetworkPage): void {
    const copy = structuredClone(message);
    for (const listener of this.#listeners) listener(copy);
  }

  #show(): void {
    const { topology, uid } = this.#scenario;
    const picture = podNetworkPicture(topology, uid);
    this.tell(
      picture === null ? { type: 'nothing', reason: 'There is no such pod.' } : { type: 'network', picture },
    );
  }
}
