import type {
  ComparedInterface,
  FromComparisonPage,
  ToComparisonPage,
} from '../../src/model/comparisonMessages.ts';
import { interfacePicture } from '../../src/model/interfaceView/interfacePicture.ts';
import type { ComparisonHost } from '../comparison/page.ts';
import type { InterfaceScenario } from './interfaceHost.ts';
import { trafficOf } from './interfaceTraffic.ts';

/** Interfaces that are compared; null is one of a node that is not observed. */
export type ComparisonScenario = readonly (InterfaceScenario | null)[];

/** Plays the panel of a comparison. */
export class FakeComparisonHost implements ComparisonHost {
  /** All that the page sent, oldest first. */
  readonly asked: FromComparisonPage[] = [];
  pageState: unknown = undefined;
  readonly #listeners: ((message: ToComparisonPage) => void)[] = [];
  readonly #scenario: ComparisonScenario;
  #seconds = 0;

  constructor(scenario: ComparisonScenario) {
    this.#scenario = scenario;
  }

  keepPageState(state: unknown): void {
    this.pageState = state;
  }

  onMessage(listener: (message: ToComparisonPage) => void): void {
    this.#listeners.push(listener);
  }

  post(message: FromComparisonPage): void {
    this.asked.push(message);
    if (message.type === 'ready') setTimeout(() => this.#begin(), 0);
  }

  /** A second passes. */
  tick(): void {
    this.#seconds += 1;
    const traffic = this.#scenario.map((one) => {
      const flows = one?.flows ?? null;
      if (one === null || flows === null) return null;
      return trafficOf(flows, one.interface, one.topology, {
        seconds: this.#seconds,
        only: one.only ?? null,
      });
    });
    this.#tell({ type: 'traffic', traffic });
  }

  #begin(): void {
    this.#tell({ type: 'interfaces', interfaces: this.#scenario.map(comparedOf) });
    this.tick();
  }

  #tell(message: ToComparisonPage): void {
    const copy = structuredClone(message);
    for (const listener of this.#listeners) listener(copy);
  }
}

function comparedOf(scenario: InterfaceScenario | null): ComparedInterface {
  const picture =
    scenario === null ? null : interfacePicture(scenario.topology, scenario.interface, scenario.rates);
  if (picture === null) {
    const reason = 'node-b is not observed now: its wiring and what passes are told by the agent there.';
    const reference = { netns: 2000, ifindex: 2, name: 'eth0' };
    return { node: 'node-b', interface: reference, picture, reason, unobserved: true };
  }
  const { node, netns, link } = picture;
  const reference = { netns, ifindex: link.ifindex, name: link.name };
  return { node, interface: reference, picture, reason: null, unobserved: false };
}
