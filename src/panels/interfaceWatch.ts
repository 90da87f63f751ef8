import { InterfaceCounter } from '../flows/interfaceCounter.ts';
import type { SessionFlows } from '../flows/sessionFlows.ts';
import type { InterfacePicture } from '../model/interfaceMessages.ts';
import type { InterfaceTraffic } from '../model/interfaceView/interfaceTraffic.ts';
import { interfacePicture } from '../model/interfaceView/interfacePicture.ts';
import type { Reading } from '../model/interfaceView/rates.ts';
import { ratesBetween } from '../model/interfaceView/rates.ts';
import type { InterfaceReference } from '../model/interfaceView/trafficLine.ts';
import type { InterfaceStatistics, Topology } from '../model/topology.ts';

/** An interface, where it is found, and who counts there. */
export interface WatchedInterface {
  readonly node: string;
  readonly interface: InterfaceReference;
  /** The node's wiring as it is known now. */
  readonly topology: () => Topology | null;
  /** The session that counts here; of several the one that counts most. */
  readonly counting: () => SessionFlows | null;
}

/** Why there is no picture of an interface, and its node where that is not observed. */
export interface NoPicture {
  readonly reason: string;
  readonly unobserved: string | null;
}

/** Follows one interface through the wirings and flows that come in. */
export class InterfaceWatch {
  readonly #watched: WatchedInterface;
  #topology: Topology | null = null;
  #reading: Reading | null = null;
  #rates: InterfaceStatistics | null = null;
  #counted: { readonly flows: SessionFlows; readonly counter: InterfaceCounter } | null = null;

  constructor(watched: WatchedInterface) {
    this.#watched = watched;
  }

  /** The session whose counts were read last. */
  get flows(): SessionFlows | null {
    return this.#counted?.flows ?? null;
  }

  /** Takes the wiring as it is now; false where nothing is new. */
  refresh(): boolean {
    const topology = this.#watched.topology();
    if (topology === this.#topology && topology !== null) return false;
    this.#topology = topology;
    this.#measure(topology);
    return true;
  }

  picture(): InterfacePicture | NoPicture {
    const { node, interface: asked } = this.#watched;
    if (this.#topology === null) {
      const reason = `${node} is not observed now: its wiring and what passes are told by the agent there.`;
      return { reason, unobserved: node };
    }
    const picture = interfacePicture(this.#topology, asked, this.#rates);
    const reason = `There is no ${asked.name} (${asked.ifindex}) on ${node} any more.`;
    return picture ?? { reason, unobserved: null };
  }

  /** What passes, read now: rates are those since the reading before. Null where no session counts. */
  traffic(): InterfaceTraffic | null {
    const flows = this.#watched.counting();
    const topology = this.#topology;
    if (flows === null || topology === null) {
      this.#counted = null;
      return null;
    }
    if (this.#counted?.flows !== flows) {
      const { netns, ifindex } = this.#watched.interface;
      const counter = new InterfaceCounter(flows.store, { node: topology.node, netns, ifindex });
      this.#counted = { flows, counter };
    }
    const { target } = flows.session;
    return {
      only: target.kind === 'pod' ? `${target.namespace}/${target.name}` : null,
      since: flows.since,
      ...this.#counted.counter.read(topology, performance.now()),
    };
  }

  #measure(topology: Topology | null): void {
    const { netns, ifindex } = this.#watched.interface;
    const link = topology?.namespaces
      .find(({ inode }) => inode === netns)
      ?.interfaces.find((candidate) => candidate.ifindex === ifindex);
    const reading = link === undefined ? null : { time: Date.now(), statistics: link.statistics };
    this.#rates = this.#reading === null || reading === null ? null : ratesBetween(this.#reading, reading);
    this.#reading = reading;
  }
}
