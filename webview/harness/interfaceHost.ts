import type {
  FromInterfacePage,
  InterfacePicture,
  ToInterfacePage,
} from '../../src/model/interfaceMessages.ts';
import { interfacePicture } from '../../src/model/interfaceView/interfacePicture.ts';
import type { InterfaceReference } from '../../src/model/interfaceView/trafficLine.ts';
import type { InterfaceStatistics, Topology } from '../../src/model/topology.ts';
import type { InterfaceHost } from '../interface/page.ts';
import type { FlowsAt } from './interfaceTraffic.ts';
import { trafficOf } from './interfaceTraffic.ts';

/** An interface of a wiring. */
export interface InterfaceScenario {
  readonly topology: Topology;
  readonly interface: Pick<InterfaceReference, 'netns' | 'ifindex'>;
  readonly rates: InterfaceStatistics | null;
  /** Null where no session counts. */
  readonly flows: FlowsAt | null;
  /** Whose flows alone are counted. */
  readonly only?: string;
}

/** Plays the panel of an interface; a link shows the other interface in the same page. */
export class FakeInterfaceHost implements InterfaceHost {
  /** All that the page sent, oldest first. */
  readonly asked: FromInterfacePage[] = [];
  readonly pageState = undefined;
  readonly #listeners: ((message: ToInterfacePage) => void)[] = [];
  readonly #scenario: InterfaceScenario;
  #shown: InterfaceScenario['interface'];
  #seconds = 0;

  constructor(scenario: InterfaceScenario) {
    this.#scenario = scenario;
    this.#shown = scenario.interface;
  }

  keepPageState(): void {
    // The page keeps nothing: the host tells everything again.
  }

  onMessage(listener: (message: ToInterfacePage) => void): void {
    this.#listeners.push(listener);
  }

  post(message: FromInterfacePage): void {
    this.asked.push(message);
    if (message.type === 'ready') setTimeout(() => this.#begin(), 0);
    if (message.type === 'open') setTimeout(() => this.#show(message.interface), 0);
  }

  tell(message: ToInterfacePage): void {
    const copy = structuredClone(message);
    for (const listener of this.#listeners) listener(copy);
  }

  /** A second passes. */
  tick(): void {
    this.#seconds += 1;
    this.#tellTraffic();
  }

  #begin(): void {
    this.#show(this.#scenario.interface);
    this.tick();
  }

  #show(at: InterfaceScenario['interface']): void {
    this.#shown = at;
    const { topology, rates } = this.#scenario;
    const picture: InterfacePicture | null = interfacePicture(topology, at, rates);
    this.tell(
      picture === null
        ? { type: 'nothing', reason: `There is no interface ${at.ifindex} any more.`, unobserved: null }
        : { type: 'interface', picture },
    );
    this.#tellTraffic();
  }

  #tellTraffic(): void {
    const { topology, flows, only } = this.#scenario;
    const time = { seconds: this.#seconds, only: only ?? null };
    const traffic = flows === null ? null : trafficOf(flows, this.#shown, topology, time);
    this.tell({ type: 'traffic', traffic });
  }
}
