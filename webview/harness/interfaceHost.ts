import type {
  FromInterfacePage,
  InterfacePicture,
  ToInterfacePage,
} from '../../src/model/interfaceMessages.ts';
import { interfacePicture } from '../../src/model/interfaceView/interfacePicture.ts';
import type { InterfaceReference } from '../../src/model/interfaceView/trafficLine.ts';
import type { InterfaceStatistics, Topology } from '../../src/model/topology.ts';
import type { InterfaceHost } from '../interface/page.ts';

/** An interface of a wiring. */
export interface InterfaceScenario {
  readonly topology: Topology;
  readonly interface: Pick<InterfaceReference, 'netns' | 'ifindex'>;
  readonly rates: InterfaceStatistics | null;
}

/** Plays the panel of an interface; a link shows the other interface in the same page. */
export class FakeInterfaceHost implements InterfaceHost {
  /** All that the page sent, oldest first. */
  readonly asked: FromInterfacePage[] = [];
  readonly pageState = undefined;
  readonly #listeners: ((message: ToInterfacePage) => void)[] = [];
  readonly #scenario: InterfaceScenario;

  constructor(scenario: InterfaceScenario) {
    this.#scenario = scenario;
  }

  keepPageState(): void {
    // The page keeps nothing: the host tells everything again.
  }

  onMessage(listener: (message: ToInterfacePage) => void): void {
    this.#listeners.push(listener);
  }

  post(message: FromInterfacePage): void {
    this.asked.push(message);
    if (message.type === 'ready') setTimeout(() => this.#show(this.#scenario.interface), 0);
    if (message.type === 'open') setTimeout(() => this.#show(message.interface), 0);
  }

  tell(message: ToInterfacePage): void {
    const copy = structuredClone(message);
    for (const listener of this.#listeners) listener(copy);
  }

  #show(at: InterfaceScenario['interface']): void {
    const { topology, rates } = this.#scenario;
    const picture: InterfacePicture | null = interfacePicture(topology, at, rates);
    this.tell(
      picture === null
        ? { type: 'nothing', reason: `There is no interface ${at.ifindex} any more.` }
        : { type: 'interface', picture },
    );
  }
}
