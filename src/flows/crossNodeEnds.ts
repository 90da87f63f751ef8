import { FLOW } from '../model/flowRecord.ts';
import type { CrossNodeFlow, Side } from './crossNodeFlow.ts';
import type { EndpointTable } from './endpointTable.ts';

/**
 * Who the ends of a conversation are when several agents saw it. An address that one of them knows to be a translation
 * is not an end's own: who has only that names the node that translates, not the client.
 */
export class CrossNodeEnds {
  readonly #endpoints: EndpointTable;
  readonly #flows: readonly CrossNodeFlow[];
  readonly #translated: ReadonlySet<number>;
  readonly #asked: ReadonlySet<number>;
  readonly #client: CrossNodeFlow;
  readonly #server: CrossNodeFlow;

  /** @param flows at least one */
  constructor(endpoints: EndpointTable, flows: readonly CrossNodeFlow[]) {
    this.#endpoints = endpoints;
    this.#flows = flows;
    this.#translated = new Set(flows.map((flow) => flow.translated).filter((end) => end !== 0));
    this.#asked = new Set(flows.map((flow) => flow.asked).filter((end) => end !== 0));
    this.#client = this.#best('client');
    this.#server = this.#best('server');
  }

  /** Whether the address and port that the flow has for a side are the end's own. */
  isOwn(flow: CrossNodeFlow, side: Side): boolean {
    return !(side === 'client' ? this.#translated : this.#asked).has(flow.end(side));
  }

  /** The flow that names a side. */
  flowOf(side: Side): CrossNodeFlow {
    return side === 'client' ? this.#client : this.#server;
  }

  /** Id of the endpoint of a side. */
  endpoint(side: Side): number {
    return endpointOf(this.flowOf(side), side);
  }

  /** Id of the endpoint of the Service that was asked for, 0 for none: as who is nearest to the client says. */
  get service(): number {
    const named = this.#flows.filter((flow) => flow.uint32(FLOW.service) !== 0);
    const own = named.filter((flow) => this.isOwn(flow, 'client'));
    const [first, ...others] = (own.length > 0 ? own : named).map((flow) => flow.uint32(FLOW.service));
    return others.reduce((best, id) => (this.#isBetter(id, best) ? id : best), first ?? 0);
  }

  /** The flow that knows what the client itself asked for; null where nothing was translated. */
  get askedBy(): CrossNodeFlow | null {
    const knowing = this.#flows.filter((flow) => flow.asked !== 0);
    // What was asked for by a translated client was asked for by the node.
    return knowing.find((flow) => this.isOwn(flow, 'client')) ?? knowing[0] ?? null;
  }

  /** The flow that knows what the server sees the client as; null where it sees the client itself. */
  get translatedBy(): CrossNodeFlow | null {
    const knowing = this.#flows.filter((flow) => flow.translated !== 0);
    return knowing.find((flow) => this.isOwn(flow, 'server')) ?? knowing[0] ?? null;
  }

  #best(side: Side): CrossNodeFlow {
    const own = this.#flows.filter((flow) => this.isOwn(flow, side));
    const [first, ...others] = own.length > 0 ? own : this.#flows;
    if (first === undefined) throw new RangeError('a conversation without flows');
    return others.reduce(
      (best, flow) => (this.#isBetter(endpointOf(flow, side), endpointOf(best, side)) ? flow : best),
      first,
    );
  }

  #isBetter(id: number, than: number): boolean {
    const doubt = this.#endpoints.doubt(id) - this.#endpoints.doubt(than);
    if (doubt !== 0) return doubt < 0;
    const [one, other] = [this.#endpoints.words(id), this.#endpoints.words(than)];
    // Equally sure: who says more, else the same whoever came first.
    return one.length !== other.length ? one.length > other.length : one < other;
  }
}

const endpointOf = (flow: CrossNodeFlow, side: Side): number => flow.uint32(flow.at(side, 'endpoint'));
